SELECT origin, COUNT(*) FROM flights GROUP BY origin WITH ROLLUP
