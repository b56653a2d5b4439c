SELECT COUNT(*), (SELECT COUNT(*), SUM(delay) FROM flights) FROM flights
