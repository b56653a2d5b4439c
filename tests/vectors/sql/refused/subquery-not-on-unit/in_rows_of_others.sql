SELECT COUNT(*) FROM flights WHERE dest IN (SELECT maker FROM planes)
