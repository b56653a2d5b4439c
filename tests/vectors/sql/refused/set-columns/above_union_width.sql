SELECT COUNT(*) FROM flights UNION SELECT COUNT(*), SUM(delay) FROM flights
