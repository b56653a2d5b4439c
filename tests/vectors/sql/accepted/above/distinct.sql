-- 12 rows
SELECT DISTINCT n > 170 AS busy, month % 2 AS odd FROM (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) AS m
