-- 3 rows
SELECT CASE WHEN weight > 80 THEN 'heavy' WHEN weight > 41 THEN 'middle' END AS class, COUNT(*) FROM flights GROUP BY 1
