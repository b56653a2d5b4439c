-- 1 sum
SELECT SUM(IF(late, distance, 0)) FROM flights
