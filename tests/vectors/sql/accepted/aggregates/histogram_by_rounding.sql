-- 11 rows
SELECT FLOOR(distance / 500) * 500 AS miles, COUNT(*) FROM flights GROUP BY miles
-- in DuckDB, because an empty bar is a group:
SELECT b.miles, COUNT(f.tailnum) FROM (SELECT UNNEST(RANGE(0, 5001, 500)) AS miles) b LEFT JOIN (SELECT tailnum, FLOOR(distance / 500) * 500 AS miles FROM flights) f USING (miles) GROUP BY b.miles
