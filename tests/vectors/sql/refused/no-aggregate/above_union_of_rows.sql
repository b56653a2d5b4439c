SELECT COUNT(*) FROM flights UNION SELECT distance FROM flights
