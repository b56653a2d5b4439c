SELECT COUNT(*) FROM flights WHERE dest GLOB 'A*'
