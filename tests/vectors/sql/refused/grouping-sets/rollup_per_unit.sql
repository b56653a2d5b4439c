SELECT AVG(n) FROM (SELECT tailnum, month, COUNT(*) AS n FROM flights GROUP BY tailnum, ROLLUP (month)) AS t
