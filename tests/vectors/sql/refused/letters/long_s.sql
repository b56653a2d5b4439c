SELECT ſUM(distance) FROM flights
