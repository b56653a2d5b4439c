-- 10 rows rows
SELECT origin, late, COUNT(*) FROM flights GROUP BY ROLLUP ((origin, late))
