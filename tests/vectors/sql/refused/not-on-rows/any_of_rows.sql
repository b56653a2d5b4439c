SELECT COUNT(*) FROM flights WHERE tailnum = ANY (SELECT tailnum FROM planes)
