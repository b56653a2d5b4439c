SELECT pg_sleep(COUNT(*)) FROM flights
