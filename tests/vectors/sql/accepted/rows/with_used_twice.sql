-- 1 rows
WITH f AS (SELECT tailnum, day, origin FROM flights WHERE month = 7) SELECT COUNT(*) FROM f AS a JOIN f AS b ON a.tailnum = b.tailnum AND b.day = a.day + 1
