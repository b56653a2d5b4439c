-- 1 rows
SELECT COUNT(*) FROM flights WHERE departed > TIMESTAMP '2013-01-01 00:00:00' + INTERVAL '1 month'
