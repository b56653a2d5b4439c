-- 1
SELECT DISTINCT dest FROM flights
