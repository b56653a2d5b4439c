-- 1 sum sum
SELECT SUM(GREATEST(delay, 0)), SUM(LEAST(distance, delay, month)) FROM flights
