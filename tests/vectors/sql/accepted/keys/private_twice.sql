-- 1 rows
SELECT dest, note, COUNT(*) FROM flights WHERE note IN ('ok', '12') GROUP BY dest, note
