SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM flights g WHERE g.dest = f.dest)
