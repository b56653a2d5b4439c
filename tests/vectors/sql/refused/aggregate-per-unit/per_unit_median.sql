SELECT AVG(m) FROM (SELECT tailnum, MEDIAN(delay) AS m FROM flights GROUP BY tailnum) x
