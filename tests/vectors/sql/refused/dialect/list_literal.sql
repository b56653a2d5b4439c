SELECT COUNT(*) FROM flights WHERE month IN [1, 2]
