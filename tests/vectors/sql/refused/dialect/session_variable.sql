SELECT COUNT(*) FROM flights WHERE month = @month
