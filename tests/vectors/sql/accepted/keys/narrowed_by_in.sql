-- 2 rows
SELECT month, COUNT(*) FROM flights WHERE month IN (6, 7) GROUP BY month
