SELECT COUNT(*) FROM flights CROSS JOIN airports
