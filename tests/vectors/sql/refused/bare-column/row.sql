SELECT tailnum FROM flights
