-- 16 rows rows rows rows
WITH t AS (SELECT origin, late, COUNT(*) AS n FROM flights GROUP BY CUBE (origin, late)) SELECT MAX(n) FROM t
