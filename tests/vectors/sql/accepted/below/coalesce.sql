-- 1 sum present
SELECT SUM(COALESCE(delay, 0)), COUNT(*) FILTER (WHERE COALESCE(note, carrier) = 'AA') FROM flights
