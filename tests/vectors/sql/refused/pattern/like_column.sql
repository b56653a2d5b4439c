SELECT COUNT(*) FROM flights WHERE dest LIKE note
