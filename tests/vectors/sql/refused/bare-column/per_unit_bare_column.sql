SELECT AVG(month) FROM (SELECT tailnum, month, COUNT(*) AS n FROM flights GROUP BY tailnum) x
