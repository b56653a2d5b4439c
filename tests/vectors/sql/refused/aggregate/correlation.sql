SELECT CORR(delay, distance) FROM flights
