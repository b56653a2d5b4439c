-- 1 sum rows quantile
SELECT AVG(n), MAX(n) FROM (SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum) AS per_plane
