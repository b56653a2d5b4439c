-- 15 rows
SELECT DATE_TRUNC('day', departed) AS day, COUNT(*) FROM flights WHERE departed >= '2013-07-01' AND departed < '2013-07-15 12:00:00' GROUP BY 1
