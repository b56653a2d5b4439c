WITH a AS (SELECT AVG(delay) AS m FROM flights) SELECT COUNT(*) FROM flights, a WHERE delay > a.m
