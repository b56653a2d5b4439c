-- 9 rows
WITH c AS (SELECT origin, carrier, COUNT(*) AS n FROM flights GROUP BY origin, carrier)
SELECT origin, carrier, n / (SELECT SUM(n) FROM c AS o WHERE o.origin = c.origin) AS share FROM c
