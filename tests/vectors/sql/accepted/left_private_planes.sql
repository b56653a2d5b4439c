-- 1 rows
SELECT COUNT(*) FROM flights LEFT JOIN planes USING (tailnum)
