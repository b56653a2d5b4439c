SELECT COUNT(*) FROM flights WHERE main.flights.month = 1
