-- 1 rows
WITH d AS (SELECT dest, COUNT(*) AS n FROM flights GROUP BY dest) SELECT dest, n FROM d WHERE NOT EXISTS (SELECT 1 FROM airports WHERE faa = dest)
