SELECT COUNT(*) FROM flights WHERE day + month * INTERVAL '1 day' > DATE '2013-01-01'
