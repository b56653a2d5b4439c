-- 16 rows rows rows
SELECT origin, month, COUNT(*) FROM flights GROUP BY GROUPING SETS ((origin), (month), ())
