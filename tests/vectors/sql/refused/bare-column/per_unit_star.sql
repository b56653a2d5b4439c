SELECT COUNT(*) FROM (SELECT * FROM flights GROUP BY tailnum) x
