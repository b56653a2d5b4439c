SELECT COUNT(*) FROM flights ORDER BY tailnum
