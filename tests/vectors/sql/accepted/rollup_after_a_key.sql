-- 48 rows rows
SELECT month, origin, COUNT(*) AS n FROM flights GROUP BY month, ROLLUP (origin)
