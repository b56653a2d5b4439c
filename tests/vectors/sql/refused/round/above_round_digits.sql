SELECT ROUND(AVG(delay), 11) FROM flights
