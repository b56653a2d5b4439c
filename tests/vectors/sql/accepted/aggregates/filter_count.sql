-- 1 present present present
SELECT COUNT(*) FILTER (WHERE late), COUNT(*) FILTER (WHERE NOT late), COUNT(note) FILTER (WHERE origin = 'JFK') FROM flights
