SELECT COUNT(*) FROM flights WHERE оrigin = 'JFK'
