SELECT COUNT(*) FROM flights WHERE rowid < 10
