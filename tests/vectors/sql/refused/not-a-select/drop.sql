DROP TABLE flights
