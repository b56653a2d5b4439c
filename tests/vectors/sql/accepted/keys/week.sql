-- 53 rows
SELECT DATE_TRUNC('week', day) AS week, COUNT(*) FROM flights GROUP BY week
-- in DuckDB, because it makes a timestamp of a truncated date:
SELECT DATE_TRUNC('week', day)::date AS week, COUNT(*) FROM flights GROUP BY week
