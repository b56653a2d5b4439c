SELECT origin, RANK() OVER (ORDER BY terminal) FROM flights GROUP BY origin
