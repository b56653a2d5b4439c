-- 3 rows
SELECT origin, COUNT(*) FROM (SELECT tailnum, origin, ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY departed, origin) AS place FROM flights) AS f WHERE place = 1 GROUP BY origin
