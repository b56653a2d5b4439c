SELECT SUM(delay) OVER (PARTITION BY origin), COUNT(*) FROM flights GROUP BY origin
