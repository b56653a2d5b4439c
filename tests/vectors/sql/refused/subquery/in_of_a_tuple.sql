SELECT COUNT(*) FROM flights WHERE (tailnum, month) IN (SELECT tailnum, seats FROM planes)
