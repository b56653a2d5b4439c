SELECT origin, COUNT(*) FROM flights GROUP BY origin HAVING CONTAINS(origin, origin)
