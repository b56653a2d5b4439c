SELECT COUNT(*) FROM flights WHERE dest SIMILAR TO '(a|b)*'
