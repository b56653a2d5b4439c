SELECT COUNT(*) FROM (SELECT LEFT(tailnum, 3) AS p, COUNT(*) AS n FROM flights GROUP BY LEFT(tailnum, 3)) x
