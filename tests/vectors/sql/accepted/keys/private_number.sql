-- 1 rows
SELECT delay, COUNT(*) FROM flights GROUP BY delay
