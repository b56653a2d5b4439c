SELECT COUNT(*) FROM flights WHERE list_filter(note, x -> x > 1)
