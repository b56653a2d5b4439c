SELECT COUNT(*) FROM flights f JOIN weather w ON f.origin = w.origin
