-- 1 sum
SELECT SUM(LEAST(GREATEST(weight, -5), 5)) FROM flights
