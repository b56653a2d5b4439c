SELECT origin, COUNT(*) FROM flights GROUP BY origin HAVING terminal > 1
