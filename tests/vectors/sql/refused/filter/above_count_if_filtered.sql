SELECT COUNT_IF(n > 1) FILTER (WHERE n > 2) FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x
