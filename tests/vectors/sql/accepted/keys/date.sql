-- 365 rows
SELECT day, COUNT(*) FROM flights GROUP BY day
