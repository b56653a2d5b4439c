SELECT origin, LAG(n) OVER (ORDER BY origin) AS v FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x QUALIFY ROW_NUMBER() OVER (ORDER BY v) <= 3
