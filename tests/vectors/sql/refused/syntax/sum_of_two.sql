SELECT SUM(delay, month) FROM flights
