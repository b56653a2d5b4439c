SELECT COUNT(flights.*) FROM flights
