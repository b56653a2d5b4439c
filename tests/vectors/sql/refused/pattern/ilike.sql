SELECT COUNT(*) FROM flights WHERE dest ILIKE 'l%'
