-- 1 units
SELECT COUNT(DISTINCT p.tailnum) FROM flights f INNER JOIN planes p ON p.tailnum = f.tailnum AND p.seats > 100
