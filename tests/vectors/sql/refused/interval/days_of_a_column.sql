SELECT COUNT(*) FROM flights WHERE day + month > DATE '2013-01-01'
