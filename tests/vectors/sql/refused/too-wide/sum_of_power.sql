SELECT SUM(POWER(distance, 50)) FROM flights
