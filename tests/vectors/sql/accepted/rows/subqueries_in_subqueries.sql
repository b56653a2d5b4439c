-- 1 rows sum
SELECT COUNT(*), SUM(x) FROM (SELECT x + 1 AS x FROM (SELECT x * 2 AS x FROM (SELECT delay AS x FROM (SELECT delay, late FROM flights) AS d WHERE NOT late) AS c WHERE x < 0) AS b) AS a WHERE x > -9
