SELECT COUNT(*) FROM flights f JOIN (SELECT faa FROM airports LIMIT 5) a ON f.dest = a.faa
