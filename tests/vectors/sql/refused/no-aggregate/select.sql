SELECT DISTINCT origin FROM flights
