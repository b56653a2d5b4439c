SELECT LN(month), COUNT(*) FROM flights GROUP BY 1
