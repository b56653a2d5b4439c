-- 12 rows
SELECT month, 1 / (month - 6) AS x, LN(month - 6) AS l, COUNT(*) FROM flights GROUP BY month
-- in DuckDB, because it is infinite or an error there, and NULL in Jali:
SELECT month, 1 / NULLIF(month - 6, 0) AS x, CASE WHEN month > 6 THEN LN(month - 6) END AS l, COUNT(*) FROM flights GROUP BY month
