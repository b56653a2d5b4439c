SELECT SUM(s) FROM (SELECT SUM(weight) OVER (PARTITION BY tailnum) AS s FROM flights) x
