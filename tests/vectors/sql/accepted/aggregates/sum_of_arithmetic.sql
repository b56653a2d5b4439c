-- 1 sum
SELECT SUM(distance * 2 - delay / 60) FROM flights
