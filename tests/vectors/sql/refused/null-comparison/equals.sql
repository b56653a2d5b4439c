SELECT COUNT(*) FROM flights WHERE delay = NULL
