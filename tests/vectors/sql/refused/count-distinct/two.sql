SELECT COUNT(DISTINCT tailnum, origin) FROM flights
