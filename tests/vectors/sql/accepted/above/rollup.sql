-- 9 rows
SELECT origin, carrier, SUM(n) AS n, GROUPING(carrier) AS is_total FROM (SELECT origin, carrier, COUNT(*) AS n FROM flights GROUP BY origin, carrier) AS c GROUP BY ROLLUP (origin, carrier)
