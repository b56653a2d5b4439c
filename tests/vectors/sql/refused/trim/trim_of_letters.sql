SELECT COUNT(*) FROM flights WHERE TRIM('x' FROM note) = 'a'
