-- 3 rows sum
SELECT dest, origin, COUNT(*) AS n, SUM(distance) AS miles FROM flights GROUP BY dest, origin
