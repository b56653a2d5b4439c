SELECT ARRAY_AGG(tailnum) FROM flights
