SELECT nextval('s'), COUNT(*) FROM flights
