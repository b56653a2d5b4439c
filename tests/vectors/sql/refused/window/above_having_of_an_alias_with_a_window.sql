SELECT origin, SUM(COUNT(*)) OVER () AS v FROM flights GROUP BY origin HAVING v > 3
