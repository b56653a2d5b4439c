SELECT ANY_VALUE(note) FROM flights
