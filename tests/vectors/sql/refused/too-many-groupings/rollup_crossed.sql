SELECT COUNT(*) FROM flights GROUP BY ROLLUP (origin, late, month, carrier), CUBE (day, dest)
