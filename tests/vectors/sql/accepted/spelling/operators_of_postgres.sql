-- 1 rows
SELECT COUNT(*) FROM flights WHERE month != 3 AND NOT (delay::integer = 12) AND note !~~ 'x'
