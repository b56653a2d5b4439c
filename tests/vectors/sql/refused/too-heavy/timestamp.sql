SELECT departed, COUNT(*) FROM flights GROUP BY departed
