SELECT SUM(s) FROM (SELECT LAG(distance, month) OVER (PARTITION BY tailnum ORDER BY departed) AS s FROM flights) x
