SELECT ＣOUNT(*) FROM flights
