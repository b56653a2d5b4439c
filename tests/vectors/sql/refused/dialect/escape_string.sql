SELECT COUNT(*) FROM flights WHERE origin = E'J\'FK'
