-- 9 rows
SELECT LOWER(origin) || '-' || LEFT(carrier, 1) AS name, LENGTH(carrier) AS l, REPLACE(origin, 'E', 'e') AS r, COUNT(*)::text || ' flights' AS said FROM flights GROUP BY origin, carrier
