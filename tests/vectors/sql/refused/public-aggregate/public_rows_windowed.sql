SELECT COUNT(*) FROM flights f JOIN (SELECT faa, RANK() OVER (ORDER BY height) AS r FROM airports) a ON f.dest = a.faa
