SELECT SUM(distance) FROM (SELECT tailnum, distance FROM flights ORDER BY distance DESC LIMIT 1) x
