-- 12 rows
SELECT month, LAST_VALUE(n IGNORE NULLS) OVER (ORDER BY month) AS known, REVERSE(name) AS eman FROM (SELECT month, NULLIF(COUNT(*), 166) AS n, 'm' || month AS name FROM flights GROUP BY month) AS m ORDER BY month
