-- 1 rows units
SELECT COUNT(*), COUNT(DISTINCT tailnum) FROM (SELECT tailnum, day FROM flights UNION ALL SELECT tailnum, day FROM repairs) events WHERE day < '2013-04-01'
