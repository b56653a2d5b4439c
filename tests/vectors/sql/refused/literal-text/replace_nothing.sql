SELECT COUNT(*) FROM flights WHERE REPLACE(note, '', 'x') = 'a'
