-- 1 rows present present
WITH first_flight AS (SELECT tailnum, MIN(day) AS start FROM flights GROUP BY tailnum), mended AS (SELECT tailnum, MIN(day) AS at FROM repairs GROUP BY tailnum)
SELECT COUNT(*) AS aircraft, COUNT(m.at) AS mended, COUNT(*) FILTER (WHERE m.at > f.start) AS mended_later FROM first_flight f LEFT JOIN mended m ON m.tailnum = f.tailnum
