-- 12 sum
SELECT month, PERCENT_RANK() OVER (ORDER BY SUM(distance)) AS p, CUME_DIST() OVER (ORDER BY SUM(distance)) AS c FROM flights GROUP BY month
