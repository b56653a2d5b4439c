-- 4 rows rows
SELECT carrier, COUNT(*) AS n FROM flights GROUP BY carrier HAVING COUNT(*) > (SELECT COUNT(*) / 4.0 FROM flights)
