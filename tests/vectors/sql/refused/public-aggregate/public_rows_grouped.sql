SELECT COUNT(*) FROM flights f JOIN (SELECT zone, COUNT(*) AS n FROM airports GROUP BY zone) a ON f.month = a.n
