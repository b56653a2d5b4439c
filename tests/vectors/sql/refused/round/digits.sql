SELECT ROUND(SUM(distance), COUNT(*)) FROM flights
