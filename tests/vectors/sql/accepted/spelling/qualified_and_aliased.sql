-- 3 rows
SELECT f.origin airport, COUNT(*) n FROM flights f WHERE f.carrier = 'AA' GROUP BY f.origin
