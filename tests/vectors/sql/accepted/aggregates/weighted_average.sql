-- 1 sum sum
SELECT SUM(delay * distance) / SUM(distance) FROM flights WHERE delay IS NOT NULL
