SELECT COUNT(*) FROM flights WHERE day < DATE 'infinity'
