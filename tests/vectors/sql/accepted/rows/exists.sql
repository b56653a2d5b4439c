-- 1 rows
SELECT COUNT(*) FROM planes p WHERE EXISTS (SELECT 1 FROM repairs r WHERE r.tailnum = p.tailnum AND r.cost > p.seats)
