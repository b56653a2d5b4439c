-- 4 sum rows
SELECT part, SUM(delay), COUNT(*) FROM repairs r JOIN flights f ON f.tailnum = r.tailnum AND f.day > r.day GROUP BY part
