-- 1 sum sum
SELECT SUM(ROUND(delay)), SUM(ROUND(delay / 7, 2)) FROM flights
