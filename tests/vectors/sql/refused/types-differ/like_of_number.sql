SELECT COUNT(*) FROM flights WHERE month LIKE '1%'
