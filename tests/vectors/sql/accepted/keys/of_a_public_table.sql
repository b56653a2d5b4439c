-- 2 rows sum
SELECT zone, COUNT(*), AVG(distance) FROM flights JOIN airports ON dest = faa WHERE zone IN ('south', 'west') GROUP BY zone
