-- 3 rows
SELECT carrier, COUNT(*) / SUM(COUNT(*)) OVER () AS share FROM flights GROUP BY carrier
