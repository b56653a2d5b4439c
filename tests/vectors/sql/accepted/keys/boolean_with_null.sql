-- 3 rows
SELECT late, COUNT(*) FROM flights GROUP BY late
