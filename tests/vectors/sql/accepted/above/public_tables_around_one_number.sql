-- 1 rows
SELECT zone, COUNT(*) AS airports, MAX(height) AS top, (SELECT COUNT(*) FROM flights) AS flights FROM airports GROUP BY zone
