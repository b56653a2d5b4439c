-- 1 rows sum
SELECT COUNT(*) AS n, SUM(distance) AS miles FROM flights HAVING COUNT(*) > 1000
