-- 3 sum rows
SELECT p.maker, AVG(COALESCE(r.n, 0)) AS repairs FROM planes p LEFT JOIN (SELECT tailnum, COUNT(*) AS n FROM repairs GROUP BY tailnum) r ON r.tailnum = p.tailnum GROUP BY p.maker
