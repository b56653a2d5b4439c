SELECT COUNT(*) FROM flights UNION SELECT zone FROM airports
