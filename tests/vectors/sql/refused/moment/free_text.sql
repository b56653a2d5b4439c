SELECT COUNT(*) FROM flights WHERE departed > 'yesterday'
