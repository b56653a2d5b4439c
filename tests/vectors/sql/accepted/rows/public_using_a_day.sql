-- 1 rows present
SELECT COUNT(*), COUNT(title) FROM flights LEFT JOIN holidays USING (day)
