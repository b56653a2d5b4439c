-- 3 rows sum
SELECT delay > 15 AS bad, COUNT(*), AVG(distance) FROM flights GROUP BY delay > 15
