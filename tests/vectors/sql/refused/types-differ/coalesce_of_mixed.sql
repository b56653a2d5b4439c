SELECT COUNT(COALESCE(delay, origin)) FROM flights
