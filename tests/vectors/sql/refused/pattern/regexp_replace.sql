SELECT COUNT(*) FROM flights WHERE regexp_replace(dest, 'a*', 'b') = 'b'
