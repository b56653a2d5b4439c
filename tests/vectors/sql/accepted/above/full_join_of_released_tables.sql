-- 9 rows rows
SELECT x.m, y.m AS other, x.n, y.n AS more FROM (SELECT month AS m, COUNT(*) AS n FROM flights WHERE month < 5 GROUP BY m) AS x FULL JOIN (SELECT month AS m, COUNT(*) AS n FROM flights WHERE month BETWEEN 3 AND 7 GROUP BY m) AS y ON y.m = x.m
