SELECT COUNT(*) FROM flights WHERE SPLIT_PART(note, ',') = 'a'
