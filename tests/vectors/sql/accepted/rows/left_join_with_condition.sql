-- 1 present rows
SELECT COUNT(r.hours), COUNT(*) FROM planes p LEFT JOIN repairs r ON r.tailnum = p.tailnum AND r.part = 'engine' AND r.hours > 2
