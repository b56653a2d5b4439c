SELECT SUM(DISTINCT distance) FROM flights
