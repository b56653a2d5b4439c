-- 1 present present sum
SELECT COUNT(*) FILTER (WHERE UPPER(note) = 'OK'), COUNT(*) FILTER (WHERE TRIM(note) = '7' AND LTRIM(note) <> '7'), SUM(LENGTH(LOWER(note))) FROM flights
