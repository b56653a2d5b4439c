-- 3 rows
SELECT origin AS airport, COUNT(*) AS n FROM flights GROUP BY airport
