-- 1 rows sum
SELECT COUNT(*) AS a, COUNT(*) AS b, COUNT(*) + COUNT(*) AS c, SUM(distance), SUM(distance) / COUNT(*) FROM flights
