-- 1 rows
SELECT COUNT(*) FROM flights WHERE tailnum NOT IN (SELECT tailnum FROM planes)
