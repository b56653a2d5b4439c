SELECT filename, COUNT(*) FROM flights GROUP BY filename
