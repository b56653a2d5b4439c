SELECT COUNT(*) FROM flights WHERE origin IN (SELECT origin FROM flights GROUP BY origin HAVING COUNT(*) > 100)
