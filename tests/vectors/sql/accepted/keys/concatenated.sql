-- 9 rows
SELECT carrier || ' at ' || origin AS place, COUNT(*) FROM flights GROUP BY place
