SELECT x.n, COUNT(*) FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x GROUP BY x.origin
