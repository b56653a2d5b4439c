SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT origin FROM flights g GROUP BY origin)
