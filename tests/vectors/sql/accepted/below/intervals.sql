-- 1 rows
SELECT COUNT(*) FROM flights WHERE departed + INTERVAL '36 hours' < TIMESTAMP '2013-02-01 00:00:00' OR departed > TIMESTAMP '2013-12-01 00:00:00' + INTERVAL '1 week'
