SELECT COUNT(*) FROM flights WHERE ori​gin = 'JFK'
