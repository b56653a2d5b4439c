SELECT COUNT(*) AS " " FROM flights
