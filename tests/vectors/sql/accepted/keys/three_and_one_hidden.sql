-- 27 rows
SELECT carrier, origin, COUNT(*) AS n FROM flights GROUP BY carrier, origin, late
