-- 1 present sum present
SELECT COUNT(NULLIF(carrier, 'AA')), AVG(NULLIF(delay, -10)) FROM flights
