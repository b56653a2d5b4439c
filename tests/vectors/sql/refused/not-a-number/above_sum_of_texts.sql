SELECT SUM(origin) FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x
