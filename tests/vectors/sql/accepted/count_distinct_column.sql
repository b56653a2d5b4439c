-- 1 distinct
SELECT COUNT(DISTINCT dest) FROM flights
