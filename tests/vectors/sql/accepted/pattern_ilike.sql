-- 1 rows
SELECT COUNT(*) FROM flights WHERE dest ILIKE 'l%'
