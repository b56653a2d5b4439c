-- 6 rows
SELECT origin, late, SUM(n) AS n FROM (SELECT origin, COALESCE(late, FALSE) AS late, COUNT(*) AS n FROM flights GROUP BY origin, COALESCE(late, FALSE)) AS c GROUP BY CUBE (origin, late)
