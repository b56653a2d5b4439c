SELECT origin, GROUPING(origin), COUNT(*) FROM flights GROUP BY origin
