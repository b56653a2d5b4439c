SELECT COUNT(*) FROM flights f JOIN airports a ON f.dest = a.faa CROSS JOIN weather w
