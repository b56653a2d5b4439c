SELECT COUNT(*) FROM flights WHERE late OR tailnum IN (SELECT tailnum FROM planes)
