SELECT COUNT(*) FROM flights WHERE SPLIT_PART(note, '', 1) = 'a'
