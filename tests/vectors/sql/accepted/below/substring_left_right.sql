-- 1 rows
SELECT COUNT(*) FROM flights WHERE SUBSTRING(note, 1, 3) = 'bir' OR SUBSTRING(dest FROM 2 FOR 1) = 'T' OR LEFT(origin, 1) = RIGHT(dest, 1)
