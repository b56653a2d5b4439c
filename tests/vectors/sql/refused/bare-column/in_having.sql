SELECT COUNT(*) FROM flights HAVING delay > 3
