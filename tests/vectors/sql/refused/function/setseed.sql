SELECT COUNT(*) FROM flights WHERE setseed(0.5) IS NULL
