SELECT COUNT(*) FROM flights GROUP BY terminal
