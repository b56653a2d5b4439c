-- 2 rows
SELECT month % 2 AS odd, COUNT(*) FROM flights GROUP BY odd
