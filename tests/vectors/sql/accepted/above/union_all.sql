-- 2 rows rows
SELECT 'flights' AS what, COUNT(*) AS n FROM flights UNION ALL SELECT 'planes', COUNT(*) FROM planes ORDER BY n DESC
