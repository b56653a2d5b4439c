-- 2 rows
SELECT carrier, COUNT(*) FROM flights WHERE carrier <> 'AA' GROUP BY carrier
