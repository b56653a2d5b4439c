SELECT COUNT(*) FROM planes p WHERE p.seats > (SELECT COUNT(*) FROM flights f WHERE f.tailnum = p.tailnum)
