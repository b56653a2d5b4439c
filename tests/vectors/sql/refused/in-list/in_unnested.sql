SELECT COUNT(*) FROM flights WHERE origin IN UNNEST(note)
