SELECT origin, COUNT(*) FROM flights GROUP BY origin ORDER BY terminal
