TABLE flights
