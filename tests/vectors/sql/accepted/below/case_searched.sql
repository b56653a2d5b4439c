-- 1 sum
SELECT SUM(CASE WHEN delay > 30 THEN 2 WHEN delay > 0 THEN 1 ELSE 0 END) AS points FROM flights
