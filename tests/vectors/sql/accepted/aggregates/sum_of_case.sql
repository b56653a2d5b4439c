-- 1 sum sum
SELECT SUM(CASE WHEN late THEN 1 ELSE 0 END), SUM(CASE WHEN origin = 'JFK' THEN distance END) FROM flights
