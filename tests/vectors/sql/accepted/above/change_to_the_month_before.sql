-- 12 rows
SELECT month, COUNT(*) AS n, COUNT(*) - LAG(COUNT(*)) OVER (ORDER BY month) AS change, LEAD(COUNT(*), 2, 0) OVER (ORDER BY month) AS later FROM flights GROUP BY month ORDER BY month
