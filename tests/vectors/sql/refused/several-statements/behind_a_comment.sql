SELECT COUNT(*) FROM flights; /* */ SELECT 1
