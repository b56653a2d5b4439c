SELECT origin, LAG(COUNT(*) IGNORE NULLS) OVER (ORDER BY origin) FROM flights GROUP BY origin
