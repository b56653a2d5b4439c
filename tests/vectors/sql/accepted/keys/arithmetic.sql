-- 12 rows
SELECT month + 1, COUNT(*) FROM flights GROUP BY month + 1
