SELECT COUNT(*) FROM flights; DROP TABLE flights
