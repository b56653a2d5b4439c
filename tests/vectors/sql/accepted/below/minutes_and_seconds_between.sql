-- 1 sum rows sum
SELECT AVG(DATE_DIFF('minute', TIMESTAMP '2013-01-01 00:00:30', departed)), AVG(DATE_DIFF('second', TIMESTAMP '2013-01-01 00:00:30', departed)) FROM flights WHERE day < '2013-01-15'
