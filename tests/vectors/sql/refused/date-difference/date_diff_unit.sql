SELECT COUNT(*) FROM flights WHERE DATE_DIFF('fortnight', day, departed) > 1
