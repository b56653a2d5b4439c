SELECT COUNT(*) FROM flights WHERE NULL <> origin
