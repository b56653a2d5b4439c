-- 1 present present
SELECT COUNT(*) FILTER (WHERE CONCAT(note, origin) = 'JFK'), COUNT(note || origin) FROM flights
