SELECT COUNT(*) FROM flights WHERE tailnum IN (SELECT tailnum, seats FROM planes)
