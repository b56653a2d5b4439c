SELECT COUNT(*) FROM flights WHERE departed > NOW()
