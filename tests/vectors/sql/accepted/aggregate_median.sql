-- 1 quantile
SELECT MEDIAN(delay) FROM flights
