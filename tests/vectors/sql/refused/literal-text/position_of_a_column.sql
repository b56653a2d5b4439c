SELECT COUNT(*) FROM flights WHERE POSITION(origin IN note) = 1
