SELECT origin, COUNT(*) FROM flights GROUP BY origin HAVING origin LIKE carrier
