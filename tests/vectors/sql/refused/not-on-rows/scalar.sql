SELECT COUNT(*) FROM flights WHERE distance > (SELECT AVG(distance) FROM flights)
