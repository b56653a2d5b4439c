-- 1 quantile quantile
SELECT MEDIAN(delay) AS middle, MEDIAN(distance) FROM flights
