-- 1 rows
SELECT COUNT(*) FROM (SELECT tailnum, SUM(distance) OVER (PARTITION BY tailnum ORDER BY departed, dest) AS so_far FROM flights) AS t WHERE so_far < 5000
