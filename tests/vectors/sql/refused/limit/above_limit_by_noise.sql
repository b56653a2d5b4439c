SELECT origin FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x LIMIT (SELECT COUNT(*) FROM flights)
