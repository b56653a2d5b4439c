SELECT COUNT(*) FILTER (WHERE terminal = 1) FROM flights
