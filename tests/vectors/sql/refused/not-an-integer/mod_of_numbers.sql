SELECT COUNT(*) FROM flights WHERE MOD(delay, 2) = 0
