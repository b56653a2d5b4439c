SELECT COUNT(*) FROM flights, generate_series(1, 1000000000)
