-- 7 rows rows rows
SELECT origin, late, COUNT(*) FROM flights GROUP BY GROUPING SETS (ROLLUP (origin), (late))
