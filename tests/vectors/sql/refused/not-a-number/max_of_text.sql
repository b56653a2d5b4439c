SELECT MAX(origin) FROM flights
