-- 4 sum sum
SELECT part, SUM(cost), SUM(hours) FROM repairs GROUP BY part
