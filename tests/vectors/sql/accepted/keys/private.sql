-- 1 rows
SELECT dest, COUNT(*) FROM flights GROUP BY dest
