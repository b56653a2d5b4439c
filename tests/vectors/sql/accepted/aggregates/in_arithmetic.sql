-- 1 present rows sum present sum sum
SELECT 100.0 * COUNT(*) FILTER (WHERE late) / COUNT(*) AS percent, SUM(delay) / COUNT(delay) + AVG(delay) AS twice, ROUND(AVG(distance)) AS miles, -COUNT(*) % 7 FROM flights
