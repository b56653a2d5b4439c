SELECT x.n FROM (SELECT COUNT(*) AS n FROM flights) x JOIN flights f ON f.month = x.n
