SELECT origin, COUNT(*) FROM flights GROUP BY ALL
