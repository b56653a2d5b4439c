SELECT COUNT(*) FROM flights WHERE distance > (SELECT MAX(height) FROM airports)
