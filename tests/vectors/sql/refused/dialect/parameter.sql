SELECT COUNT(*) FROM flights WHERE month = $1
