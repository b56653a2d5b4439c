-- 3 rows
SELECT origin, COUNT(*) FROM (SELECT DISTINCT tailnum, origin FROM flights) AS t GROUP BY origin
