-- 1 sum rows
SELECT AVG(DATE_DIFF('hour', TIMESTAMP '2013-01-01 00:30:00', departed)) FROM flights
