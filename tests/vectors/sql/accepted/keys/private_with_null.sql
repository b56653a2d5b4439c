-- 1 rows sum present
SELECT note, COUNT(*), AVG(delay) FROM flights GROUP BY note
