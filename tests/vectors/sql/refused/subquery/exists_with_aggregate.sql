SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT COUNT(*) FROM planes p WHERE p.tailnum = f.tailnum)
