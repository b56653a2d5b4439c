SELECT COUNT(*) FROM flights WHERE note || weight = 'a1'
