-- 2 rows
SELECT zone, COUNT(*) FROM flights JOIN airports ON dest = faa GROUP BY zone
