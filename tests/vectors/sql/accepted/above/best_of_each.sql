-- 9 rows
SELECT origin, carrier, n FROM (SELECT origin, carrier, COUNT(*) AS n, ROW_NUMBER() OVER (PARTITION BY origin ORDER BY COUNT(*) DESC) AS place FROM flights GROUP BY origin, carrier) AS r WHERE place = 1
