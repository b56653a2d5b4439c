SELECT COUNT(delay, month) FROM flights
