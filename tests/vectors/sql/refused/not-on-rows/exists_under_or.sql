SELECT COUNT(*) FROM flights f WHERE late OR EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum)
