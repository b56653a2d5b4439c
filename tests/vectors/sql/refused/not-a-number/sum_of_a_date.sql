SELECT SUM(day) FROM flights
