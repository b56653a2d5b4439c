SELECT AVG(m) FROM (SELECT tailnum, SUM(weight) AS m FROM flights GROUP BY tailnum) x
