SELECT VARIANCE(POWER(distance, 4)) FROM flights
