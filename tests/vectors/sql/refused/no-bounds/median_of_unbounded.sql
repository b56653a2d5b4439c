SELECT MEDIAN(weight) FROM flights
