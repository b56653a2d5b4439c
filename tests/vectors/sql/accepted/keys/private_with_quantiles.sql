-- 1 quantile quantile
SELECT dest, MEDIAN(delay), MAX(distance) FROM flights GROUP BY dest
