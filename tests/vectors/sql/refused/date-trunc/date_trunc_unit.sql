SELECT DATE_TRUNC('decade', day), COUNT(*) FROM flights GROUP BY 1
