SELECT origin AS tailnum, COUNT(*) FROM flights GROUP BY tailnum
