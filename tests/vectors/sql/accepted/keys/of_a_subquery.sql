-- 2 rows
SELECT busy, COUNT(*) FROM (SELECT tailnum, COUNT(*) >= 14 AS busy FROM flights GROUP BY tailnum) AS t GROUP BY busy
