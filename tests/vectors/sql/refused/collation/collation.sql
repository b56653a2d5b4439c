SELECT COUNT(*) FROM flights WHERE note COLLATE "C" = 'a'
