-- 12 rows sum
SELECT month, COUNT(*), AVG(n) FROM (SELECT tailnum, month, COUNT(*) AS n FROM flights GROUP BY tailnum, month) AS t GROUP BY month
