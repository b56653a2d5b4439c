SELECT tailnum, COUNT(*) FROM flights GROUP BY ROLLUP (tailnum)
