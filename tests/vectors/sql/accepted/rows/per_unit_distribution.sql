-- 9 rows
SELECT n, COUNT(*) FROM (SELECT tailnum, COUNT(*) AS n FROM repairs GROUP BY tailnum) AS per_plane GROUP BY n
-- in DuckDB, because every count that the card allows is a group:
SELECT g.n, COUNT(r.n) FROM (SELECT UNNEST(RANGE(0, 9)) AS n) g LEFT JOIN (SELECT COUNT(*) AS n FROM repairs GROUP BY tailnum) r USING (n) GROUP BY g.n
