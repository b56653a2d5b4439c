-- 3 rows units sum sum present quantile quantile
SELECT origin, COUNT(*), COUNT(DISTINCT tailnum), SUM(distance), AVG(delay), MEDIAN(distance), MEDIAN(delay) FROM flights GROUP BY origin
