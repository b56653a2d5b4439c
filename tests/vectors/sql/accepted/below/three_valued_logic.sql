-- 1 rows
SELECT COUNT(*) FROM flights WHERE NOT (late AND delay > 30) OR (note LIKE 'o%' AND late IS NULL)
