SELECT COUNT(*) FROM flights WHERE note[1] = 'a'
