-- 365 rows
SELECT departed::date AS d, COUNT(*) FROM flights GROUP BY d
