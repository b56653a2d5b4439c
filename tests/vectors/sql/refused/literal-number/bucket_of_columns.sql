SELECT WIDTH_BUCKET(distance, 0, month, 10), COUNT(*) FROM flights GROUP BY 1
