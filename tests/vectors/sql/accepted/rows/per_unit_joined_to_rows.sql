-- 1 rows
SELECT COUNT(*) FROM flights f JOIN (SELECT tailnum, AVG(delay) AS usual FROM flights GROUP BY tailnum) u ON u.tailnum = f.tailnum WHERE f.delay > u.usual
