SELECT COUNT(*) FROM flights WHERE note < day
