SELECT pg_sleep(100), COUNT(*) FROM flights
