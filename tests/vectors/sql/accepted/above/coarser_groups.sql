-- 12 rows sum
SELECT CASE WHEN month < 7 THEN 1 ELSE 2 END AS half, SUM(n) AS n, SUM(miles) / SUM(n) AS mean FROM (SELECT month, COUNT(*) AS n, SUM(distance) AS miles FROM flights GROUP BY month) AS m GROUP BY half
