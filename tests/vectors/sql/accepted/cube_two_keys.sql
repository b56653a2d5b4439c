-- 16 rows rows rows rows
SELECT origin, late, COUNT(*) FROM flights GROUP BY CUBE (origin, late)
