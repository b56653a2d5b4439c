SELECT SUM(RANK() OVER (ORDER BY COUNT(*))) OVER (), origin FROM flights GROUP BY origin
