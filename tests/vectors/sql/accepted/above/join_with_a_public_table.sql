-- 365 rows
SELECT h.title, d.n FROM (SELECT day, COUNT(*) AS n FROM flights GROUP BY day) AS d JOIN holidays h ON h.day = d.day ORDER BY h.title
