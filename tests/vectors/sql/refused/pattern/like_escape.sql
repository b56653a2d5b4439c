SELECT COUNT(*) FROM flights WHERE dest LIKE 'A!%' ESCAPE '!'
