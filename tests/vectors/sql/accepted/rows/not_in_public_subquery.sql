-- 1 rows
SELECT COUNT(*) FROM flights WHERE dest NOT IN (SELECT faa FROM airports)
