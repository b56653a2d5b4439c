-- 5 rows
SELECT FLOOR(built / 10) * 10 AS decade, COUNT(*) FROM planes GROUP BY decade
-- in DuckDB, because every decade of the card is a group:
SELECT d.decade, COUNT(p.tailnum) FROM (SELECT UNNEST([1980, 1990, 2000, 2010, NULL]) AS decade) d LEFT JOIN planes p ON FLOOR(p.built / 10) * 10 IS NOT DISTINCT FROM d.decade GROUP BY d.decade
