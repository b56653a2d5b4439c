SELECT AVG(tailnum) FROM flights
