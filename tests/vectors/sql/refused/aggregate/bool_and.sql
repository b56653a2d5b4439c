SELECT BOOL_AND(late) FROM flights
