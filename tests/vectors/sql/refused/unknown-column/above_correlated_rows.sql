SELECT n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x WHERE n > (SELECT COUNT(*) FROM flights f WHERE f.origin = x.origin)
