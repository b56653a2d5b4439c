-- 24 rows rows
SELECT month FROM flights GROUP BY month HAVING COUNT(*) > 180 UNION SELECT month FROM flights WHERE late GROUP BY month HAVING COUNT(*) > 60
