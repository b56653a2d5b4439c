-- 3 rows
SELECT LEFT(origin, 1) AS letter, COUNT(*) FROM flights GROUP BY letter
