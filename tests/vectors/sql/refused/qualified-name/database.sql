SELECT COUNT(*) FROM d.main.flights
