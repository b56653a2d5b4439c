-- 1 rows
SELECT COUNT(*) FROM flights WHERE day >= DATE '2013-02-01' AND departed < '2013-03-01 12:00:00' AND day <> '2013-02-03'
