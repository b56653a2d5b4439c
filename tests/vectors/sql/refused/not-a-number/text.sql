SELECT SUM(origin) FROM flights
