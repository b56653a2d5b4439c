-- 1 rows present
SELECT COUNT(*), COUNT(seats) FROM planes p RIGHT JOIN flights f ON p.tailnum = f.tailnum
