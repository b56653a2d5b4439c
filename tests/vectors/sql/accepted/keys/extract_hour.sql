-- 24 rows
SELECT EXTRACT(HOUR FROM departed) AS hour, COUNT(*) FROM flights GROUP BY hour
