-- 1 rows
SELECT COUNT(*) FROM flights WHERE CAST(note AS INTEGER) = 1
