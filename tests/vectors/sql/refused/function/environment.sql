SELECT COUNT(*) FROM flights WHERE dest = getenv('HOME')
