SELECT flights.* FROM flights
