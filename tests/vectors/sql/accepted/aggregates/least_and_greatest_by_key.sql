-- 3 quantile quantile
SELECT carrier, MIN(distance), MAX(distance) FROM flights GROUP BY carrier
