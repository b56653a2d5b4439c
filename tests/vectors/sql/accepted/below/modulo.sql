-- 1 sum present
SELECT SUM(MOD(distance, 7)), COUNT(*) FILTER (WHERE (month - 6) % 4 = -1) FROM flights
