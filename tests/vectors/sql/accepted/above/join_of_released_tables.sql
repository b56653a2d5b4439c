-- 6 rows sum present
WITH a AS (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin), b AS (SELECT origin, AVG(delay) AS late FROM flights WHERE carrier = 'AA' GROUP BY origin)
SELECT a.origin, n, b.late FROM a JOIN b ON b.origin = a.origin WHERE n > 100 ORDER BY a.origin
