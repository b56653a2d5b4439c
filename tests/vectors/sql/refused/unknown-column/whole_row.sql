SELECT COUNT(*) FROM flights f WHERE f = f
