-- 1 sum rows
SELECT AVG(distance), COUNT(*), COUNT(distance) FROM flights
