SELECT COUNT(*), origin FROM flights GROUP BY 1
