-- 1 rows
SELECT COUNT(*) FROM flights WHERE day + INTERVAL '1 month' = DATE '2013-02-28'
