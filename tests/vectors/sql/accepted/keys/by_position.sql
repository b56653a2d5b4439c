-- 3 rows
SELECT origin, COUNT(*) FROM flights GROUP BY 1
