-- 3 units
SELECT origin, COUNT(DISTINCT tailnum) AS aircraft FROM flights GROUP BY origin
