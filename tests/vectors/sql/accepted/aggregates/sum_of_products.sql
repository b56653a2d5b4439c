-- 1 sum sum
SELECT SUM(delay * distance), SUM(delay * delay) FROM flights
