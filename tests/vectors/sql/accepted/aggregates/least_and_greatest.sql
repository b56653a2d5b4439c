-- 1 quantile quantile quantile quantile
SELECT MIN(delay), MAX(delay), MIN(distance), MAX(distance) FROM flights
