SELECT COUNT(*) FROM flights WHERE delay > 1e300
