-- 3 sum rows
SELECT origin, ROUND(SUM(distance) / COUNT(*), 1) AS mean, CASE WHEN COUNT(*) > 1000 THEN 'many' ELSE 'few' END AS size FROM flights GROUP BY origin
