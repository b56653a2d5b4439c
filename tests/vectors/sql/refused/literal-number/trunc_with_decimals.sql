SELECT SUM(TRUNC(delay, 2)) FROM flights
