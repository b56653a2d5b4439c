-- 1 rows
SELECT COUNT(*) FROM flights WHERE day + 7 = '2013-07-11' OR DATE(departed) - 3 > '2013-12-20'
