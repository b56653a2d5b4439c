-- 16 rows rows rows rows
SELECT GROUPING(origin, late) AS g, COUNT(*) FROM flights GROUP BY CUBE (origin, late)
