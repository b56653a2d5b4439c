-- 9 rows
SELECT origin, carrier, RANK() OVER (PARTITION BY origin ORDER BY COUNT(*) DESC) AS place, NTILE(3) OVER (ORDER BY COUNT(*), carrier) AS third, DENSE_RANK() OVER (ORDER BY origin) AS d FROM flights GROUP BY origin, carrier
