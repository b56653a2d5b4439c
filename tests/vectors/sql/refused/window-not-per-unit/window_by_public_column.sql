SELECT COUNT(*) FROM (SELECT tailnum, RANK() OVER (PARTITION BY dest ORDER BY delay) AS r FROM flights) x WHERE r = 1
