SELECT COUNT(*) FROM (SELECT DISTINCT ON (tailnum) tailnum, delay FROM flights ORDER BY tailnum, delay) x
