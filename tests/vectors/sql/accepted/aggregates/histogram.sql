-- 11 rows
SELECT WIDTH_BUCKET(delay, -20, 140, 8) AS bar, COUNT(*) FROM flights GROUP BY bar
-- in DuckDB, because it has no WIDTH_BUCKET, and an empty bar is a group:
SELECT bar, COUNT(f.tailnum) FROM (SELECT UNNEST([NULL, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) AS bar) LEFT JOIN (SELECT tailnum, FLOOR((delay + 20) / 20) + 1 AS b FROM flights) AS f ON bar IS NOT DISTINCT FROM b GROUP BY bar
