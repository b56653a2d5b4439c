-- 1 quantile quantile
-- within 0.16, the width of a bin
SELECT MEDIAN(distance / 2.0), PERCENTILE_CONT(0.3) WITHIN GROUP (ORDER BY SQRT(distance) * 10) FROM flights
