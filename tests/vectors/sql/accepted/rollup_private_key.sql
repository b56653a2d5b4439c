-- 2 rows rows
SELECT dest, COUNT(*) FROM flights GROUP BY ROLLUP (dest)
