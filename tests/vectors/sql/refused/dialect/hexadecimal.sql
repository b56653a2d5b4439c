SELECT COUNT(*) FROM flights WHERE month = 0x1F
