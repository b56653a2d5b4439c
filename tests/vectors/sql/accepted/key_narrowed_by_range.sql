-- 31 rows
SELECT day, COUNT(*) FROM flights WHERE day >= '2013-12-01' GROUP BY day
