SELECT COUNT(*) FROM flights WHERE month & 1 = 1
