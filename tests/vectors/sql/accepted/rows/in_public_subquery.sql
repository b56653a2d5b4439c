-- 1 rows
SELECT COUNT(*) FROM flights WHERE dest IN (SELECT faa FROM airports WHERE zone = 'south')
