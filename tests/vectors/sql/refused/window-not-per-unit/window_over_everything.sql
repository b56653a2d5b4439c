SELECT COUNT(*) FROM (SELECT tailnum, ROW_NUMBER() OVER (ORDER BY delay) AS r FROM flights) x WHERE r <= 10
