SELECT origin, LAG(COUNT(*), 10000000) OVER (ORDER BY origin) FROM flights GROUP BY origin
