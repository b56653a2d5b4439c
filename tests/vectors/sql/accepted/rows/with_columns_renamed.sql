-- 3 sum
WITH f(plane, start, minutes) AS (SELECT tailnum, origin, delay FROM flights) SELECT start, SUM(minutes) FROM f GROUP BY start
