SELECT SUM(s) FROM (SELECT LAG(distance, 1, 0) OVER (PARTITION BY tailnum ORDER BY departed) AS s FROM flights) x
