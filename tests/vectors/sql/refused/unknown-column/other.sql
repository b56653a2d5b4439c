SELECT SUM(fuel) FROM flights
