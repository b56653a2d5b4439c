-- 1 units sum
SELECT COUNT(DISTINCT p.tailnum), SUM(f.distance) FROM flights f INNER JOIN planes p ON p.tailnum = f.tailnum AND p.seats > 100
