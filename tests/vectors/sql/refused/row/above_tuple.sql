SELECT n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x WHERE (origin, n) IN (SELECT origin, n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) y)
