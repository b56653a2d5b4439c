-- 1 rows
SELECT COUNT(*) FROM flights JOIN holidays h ON flights.day > h.day AND h.title LIKE 'I%'
