-- 4 rows rows sum sum
SELECT origin, SUM(distance) / COUNT(*) AS mean FROM flights GROUP BY ROLLUP (origin) HAVING COUNT(*) > 10 ORDER BY mean DESC LIMIT 3
