SELECT DATE_TRUNC('day', departed, 'UTC'), COUNT(*) FROM flights GROUP BY 1
