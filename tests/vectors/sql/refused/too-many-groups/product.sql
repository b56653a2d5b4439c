SELECT COUNT(*) FROM flights GROUP BY day, EXTRACT(HOUR FROM departed), EXTRACT(DAY FROM departed), month
