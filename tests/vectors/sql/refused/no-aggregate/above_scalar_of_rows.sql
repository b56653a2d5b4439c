SELECT COUNT(*), (SELECT tailnum FROM flights LIMIT 1) FROM flights
