SELECT COUNT(*) FROM flights WHERE dest LIKE 'a\%'
