-- 12 rows
SELECT month, n FROM (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) AS m WHERE (n BETWEEN 150 AND 180 OR month IN (1, 12)) AND NOT n % 2 = 0
