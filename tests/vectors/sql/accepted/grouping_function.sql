-- 4 rows rows
SELECT CASE GROUPING(origin) WHEN 1 THEN 'all' ELSE origin END AS place, COUNT(*) FROM flights GROUP BY ROLLUP (origin)
