SELECT origin, COUNT(*) FROM flights GROUP BY origin ORDER BY 7
