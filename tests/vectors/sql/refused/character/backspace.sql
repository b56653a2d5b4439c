SELECT COUNT(*) FROM flights WHERE origin = 'JFK'
