SELECT SUM(distance / delay) FROM flights
