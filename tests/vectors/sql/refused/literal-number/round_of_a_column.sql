SELECT SUM(ROUND(delay, month)) FROM flights
