SELECT COUNT(*) FROM flights WHERE day + INTERVAL '1 year 2 months' > DATE '2013-01-01'
