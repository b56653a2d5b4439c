SELECT COUNT(*) FROM flights WHERE distance >= ALL (SELECT distance FROM flights)
