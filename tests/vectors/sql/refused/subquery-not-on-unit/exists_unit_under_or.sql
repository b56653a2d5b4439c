SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum OR p.seats > 100)
