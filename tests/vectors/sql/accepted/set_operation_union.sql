-- 2 rows rows
SELECT COUNT(*) FROM flights UNION ALL SELECT COUNT(*) FROM planes
