SELECT COUNT(*) FROM (SELECT DISTINCT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum) x
