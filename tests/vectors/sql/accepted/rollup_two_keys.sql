-- 13 rows rows rows
SELECT origin, late, COUNT(*) AS n FROM flights GROUP BY ROLLUP (origin, late)
