SELECT COUNT(*) FROM flights WHERE typeof(note) = 'VARCHAR'
