-- 12 rows
SELECT d + INTERVAL '1 month' AS later, EXTRACT(DOW FROM d) AS dow, DATE '2013-12-31' - d AS days, n FROM (SELECT day AS d, COUNT(*) AS n FROM flights WHERE day >= '2013-12-20' GROUP BY day) AS x ORDER BY d
-- in DuckDB, because it makes a timestamp of a date and a month:
SELECT (d + INTERVAL '1 month')::date AS later, EXTRACT(DOW FROM d) AS dow, DATE '2013-12-31' - d AS days, n FROM (SELECT day AS d, COUNT(*) AS n FROM flights WHERE day >= '2013-12-20' GROUP BY day) AS x ORDER BY d
