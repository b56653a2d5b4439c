SELECT COUNT(*) FROM flights WHERE origin = 1
