-- 1 present present
SELECT COUNT(*) FILTER (WHERE late IS NOT TRUE), COUNT(*) FILTER (WHERE late IS FALSE) FROM flights
