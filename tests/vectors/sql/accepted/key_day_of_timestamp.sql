-- 365 rows
SELECT CAST(departed AS DATE) AS d, COUNT(*) FROM flights GROUP BY CAST(departed AS DATE)
