SELECT SUM(s) FROM (SELECT LEAD(distance, 100000) OVER (PARTITION BY tailnum ORDER BY departed) AS s FROM flights) x
