SELECT MAX(delay) FROM flights
