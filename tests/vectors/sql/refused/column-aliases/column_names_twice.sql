SELECT COUNT(*) FROM (SELECT tailnum, dest FROM flights) AS x(a, a)
