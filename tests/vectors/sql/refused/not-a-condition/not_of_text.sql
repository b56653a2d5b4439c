SELECT COUNT(*) FROM flights WHERE NOT origin
