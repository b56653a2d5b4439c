-- 1 present rows
SELECT COUNT(delay), COUNT(origin), COUNT(*) FROM flights
