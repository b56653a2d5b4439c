SELECT COUNT(*) FROM (SELECT tailnum, SUM(dest) AS m FROM flights GROUP BY tailnum) x
