-- 1 rows
SELECT COUNT(*) FROM (SELECT * FROM flights) AS f
