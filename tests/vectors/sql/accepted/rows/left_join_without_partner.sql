-- 1 rows units
SELECT COUNT(*), COUNT(DISTINCT f.tailnum) FROM flights f LEFT JOIN planes p ON p.tailnum = f.tailnum WHERE p.tailnum IS NULL
