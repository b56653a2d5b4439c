SELECT STRING_AGG(note, ',') FROM flights
