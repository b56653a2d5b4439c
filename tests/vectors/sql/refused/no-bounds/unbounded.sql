SELECT SUM(weight) FROM flights
