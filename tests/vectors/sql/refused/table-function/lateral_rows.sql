SELECT COUNT(*) FROM flights f, LATERAL (SELECT * FROM planes p WHERE p.tailnum = f.tailnum) x
