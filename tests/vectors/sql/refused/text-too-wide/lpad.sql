SELECT COUNT(*) FROM flights WHERE LPAD(note, 1000000, 'x') = 'a'
