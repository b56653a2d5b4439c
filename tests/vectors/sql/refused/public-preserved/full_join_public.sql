SELECT COUNT(*) FROM flights FULL JOIN airports ON dest = faa
