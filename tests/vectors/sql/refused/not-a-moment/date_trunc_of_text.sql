SELECT DATE_TRUNC('day', note), COUNT(*) FROM flights GROUP BY 1
