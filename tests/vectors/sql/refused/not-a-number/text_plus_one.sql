SELECT COUNT(*) FROM flights WHERE origin + 1 > 2
