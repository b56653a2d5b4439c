-- 1 distinct rows
SELECT dest, COUNT(DISTINCT carrier), COUNT(*) FROM flights GROUP BY dest
