SELECT LEFT(origin, 100000), COUNT(*) FROM flights GROUP BY origin
