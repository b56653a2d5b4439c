SELECT COUNT(*) FROM airports a LEFT JOIN (SELECT tailnum, dest FROM flights) f ON f.dest = a.faa
