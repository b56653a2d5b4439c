-- 2 sum rows sum present
WITH f AS (SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum), flown AS (SELECT AVG(n) AS flights FROM f), mended AS (SELECT AVG(cost) AS price FROM repairs)
SELECT flights, price, price / flights AS each FROM flown CROSS JOIN mended
