SELECT dest, COUNT(*) FROM flights GROUP BY origin
