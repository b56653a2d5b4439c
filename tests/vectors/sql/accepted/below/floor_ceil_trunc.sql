-- 1 sum sum sum
SELECT SUM(FLOOR(delay / 2)), SUM(CEIL(delay / 2)), SUM(TRUNC(delay)) FROM flights
