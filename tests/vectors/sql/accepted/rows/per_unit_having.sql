-- 1 rows
SELECT COUNT(*) FROM (SELECT tailnum FROM flights GROUP BY tailnum HAVING COUNT(*) >= 15 AND AVG(delay) > 10) AS busy
