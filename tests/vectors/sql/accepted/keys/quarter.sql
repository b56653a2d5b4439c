-- 4 rows
SELECT DATE_TRUNC('quarter', day), COUNT(*) FROM flights GROUP BY DATE_TRUNC('quarter', day)
-- in DuckDB, because it makes a timestamp of a truncated date:
SELECT DATE_TRUNC('quarter', day)::date, COUNT(*) FROM flights GROUP BY DATE_TRUNC('quarter', day)
