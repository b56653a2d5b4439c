-- 31 rows
SELECT departed::date AS d, COUNT(*) FROM flights WHERE departed < '2013-02-01' GROUP BY d
