SELECT COUNT(*) FROM flights WHERE LOG(2, distance) > 1
