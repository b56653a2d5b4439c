-- 1 present
SELECT COUNT(delay) FROM flights
