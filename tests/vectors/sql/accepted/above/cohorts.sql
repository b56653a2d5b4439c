-- 3 units rows
WITH first_flight AS (SELECT tailnum, MIN(month) AS start FROM flights GROUP BY tailnum)
SELECT s.start, COUNT(DISTINCT f.tailnum) AS aircraft, COUNT(*) AS flights FROM flights f JOIN first_flight s ON s.tailnum = f.tailnum WHERE s.start <= 3 GROUP BY s.start ORDER BY s.start
