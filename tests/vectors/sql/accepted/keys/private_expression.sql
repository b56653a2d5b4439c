-- 1 rows
SELECT UPPER(LEFT(note, 4)) AS start, COUNT(*) FROM flights GROUP BY start
