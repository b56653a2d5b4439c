SELECT COUNT(*) FROM flights WHERE note = U&'\0041'
