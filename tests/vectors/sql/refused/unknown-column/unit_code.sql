SELECT COUNT(*) FROM flights WHERE _unit = 1
