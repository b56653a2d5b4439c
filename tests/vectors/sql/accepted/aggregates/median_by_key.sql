-- 3 quantile
SELECT origin, MEDIAN(distance) FROM flights GROUP BY origin
