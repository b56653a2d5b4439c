SELECT COUNT(*) FROM flights WHERE dest ~ '(a+)+b'
