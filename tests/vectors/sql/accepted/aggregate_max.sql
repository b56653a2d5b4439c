-- 1 quantile
SELECT MAX(delay) FROM flights
