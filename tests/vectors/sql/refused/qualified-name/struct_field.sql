SELECT COUNT(*) FROM flights WHERE (note).x = 1
