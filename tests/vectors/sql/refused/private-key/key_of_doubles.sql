SELECT weight, COUNT(*) FROM flights GROUP BY weight
