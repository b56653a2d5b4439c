SELECT current_setting('secret') FROM flights
