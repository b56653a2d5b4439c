SELECT COUNT(*) FROM flights GROUP BY CUBE (origin, late, month, carrier, day)
