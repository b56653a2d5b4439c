-- 1 present present present
SELECT COUNT(*) FILTER (WHERE RTRIM(note) = ' 7'), COUNT(*) FILTER (WHERE TRIM(LEADING FROM note) = '7 '), COUNT(*) FILTER (WHERE note NOT ILIKE '%K%') FROM flights
