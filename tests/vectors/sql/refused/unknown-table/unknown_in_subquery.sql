SELECT COUNT(*) FROM flights WHERE tailnum IN (SELECT tailnum FROM passengers)
