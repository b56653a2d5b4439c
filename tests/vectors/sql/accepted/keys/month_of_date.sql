-- 12 rows sum
SELECT DATE_TRUNC('month', departed) AS m, COUNT(*), SUM(distance) FROM flights GROUP BY m
