-- 1 rows sum
WITH a AS (SELECT * FROM flights WHERE carrier = 'AA'), b AS (SELECT * FROM a WHERE origin = 'JFK'), c AS (SELECT tailnum, delay + 1 AS d FROM b) SELECT COUNT(*), SUM(d) FROM c
