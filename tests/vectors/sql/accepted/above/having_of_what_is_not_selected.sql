-- 12 rows sum present
SELECT month FROM flights GROUP BY month HAVING COUNT(*) > 170 AND AVG(delay) < 30 ORDER BY month
