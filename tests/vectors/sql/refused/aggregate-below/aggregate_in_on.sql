SELECT COUNT(*) FROM flights f JOIN airports a ON COUNT(*) = a.height
