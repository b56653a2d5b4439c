SELECT COUNT(*) FROM flights WHERE CAST(note AS elephant) IS NULL
