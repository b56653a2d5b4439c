SELECT origin, NTILE(COUNT(*)) OVER (ORDER BY origin) FROM flights GROUP BY origin
