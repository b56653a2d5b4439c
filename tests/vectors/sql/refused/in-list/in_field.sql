SELECT COUNT(*) FROM flights WHERE origin IN note
