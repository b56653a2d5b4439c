-- 1 present
SELECT COUNT(*) FILTER (WHERE late) FROM flights
