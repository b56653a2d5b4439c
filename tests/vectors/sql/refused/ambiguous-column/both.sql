SELECT COUNT(*) FROM flights f JOIN weather w ON f.origin = w.origin AND departed = hour_start WHERE origin = 'JFK'
