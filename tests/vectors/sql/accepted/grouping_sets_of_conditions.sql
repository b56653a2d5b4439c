-- 7 rows rows rows
SELECT origin = 'JFK' OR month > 6 AS what, month BETWEEN 1 AND 3 AS spring, COUNT(*) FROM flights GROUP BY GROUPING SETS (origin = 'JFK' OR month > 6, (origin = 'JFK' OR month > 6, month BETWEEN 1 AND 3), ())
