-- 14 rows rows
SELECT m.month, m.n, COALESCE(s.n, 0) AS summer FROM (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) AS m LEFT JOIN (SELECT month, COUNT(*) AS n FROM flights WHERE month IN (6, 7) GROUP BY month) AS s USING (month) ORDER BY m.month
