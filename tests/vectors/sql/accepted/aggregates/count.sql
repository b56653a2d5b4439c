-- 1 rows
SELECT COUNT(*) FROM flights
