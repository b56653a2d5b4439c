-- 1 sum
SELECT SUM(distance) FROM flights WHERE carrier = 'UA'
