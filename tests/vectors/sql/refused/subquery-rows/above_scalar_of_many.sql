SELECT COUNT(*), (SELECT n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x) FROM flights
