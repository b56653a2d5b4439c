-- 1 present present present
SELECT COUNT(*) FILTER (WHERE note LIKE '%_-B%'), COUNT(*) FILTER (WHERE note NOT LIKE 'O%'), COUNT(*) FILTER (WHERE note ILIKE 'o_%') FROM flights
