SELECT DISTINCT tailnum FROM flights
