SELECT tailnum, COUNT(*) FROM flights GROUP BY tailnum
