SELECT origin, COUNT(*) FROM flights GROUP BY ROLLUP (origin)
