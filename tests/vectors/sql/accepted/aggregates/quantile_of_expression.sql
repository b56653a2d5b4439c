-- 1 quantile quantile quantile
SELECT MEDIAN(distance * 2 + 1), MAX(month * 2), MEDIAN(delay - month) FROM flights
