-- 1 rows present sum
SELECT COUNT(*), COUNT(p.seats), SUM(COALESCE(p.seats, 100)) FROM flights LEFT JOIN planes p USING (tailnum)
