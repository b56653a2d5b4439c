SELECT COUNT(*) FROM (SELECT tailnum FROM flights) AS x(a, b)
