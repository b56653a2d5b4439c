SELECT COUNT(*) FROM flights WHERE SUBSTRING(note, 1, month) = 'a'
