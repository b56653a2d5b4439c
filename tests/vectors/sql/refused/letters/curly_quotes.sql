SELECT COUNT(*) FROM flights WHERE origin = ‘JFK’
