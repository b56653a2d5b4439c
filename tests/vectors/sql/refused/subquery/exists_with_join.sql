SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM planes p JOIN flights g ON p.tailnum = g.tailnum WHERE p.tailnum = f.tailnum)
