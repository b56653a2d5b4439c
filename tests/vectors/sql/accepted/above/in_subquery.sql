-- 1 rows
WITH d AS (SELECT dest, COUNT(*) AS n FROM flights GROUP BY dest) SELECT dest, n FROM d WHERE dest IN (SELECT faa FROM airports WHERE zone = 'south') ORDER BY dest
