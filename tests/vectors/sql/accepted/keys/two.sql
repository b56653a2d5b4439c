-- 36 rows
SELECT month, origin, COUNT(*) FROM flights GROUP BY month, origin
