-- 4 rows
SELECT zone, COUNT(*) FROM flights JOIN airports ON dest = faa WHERE height < 1000 GROUP BY zone
-- in DuckDB, because a group without rows appears in Jali with 0:
SELECT zone, COUNT(tailnum) FROM (SELECT DISTINCT zone FROM airports) LEFT JOIN (SELECT * FROM flights JOIN airports ON dest = faa WHERE height < 1000) USING (zone) GROUP BY zone
