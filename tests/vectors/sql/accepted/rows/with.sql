-- 3 rows sum present
WITH late_ones AS (SELECT tailnum, origin, delay FROM flights WHERE late) SELECT origin, COUNT(*), AVG(delay) FROM late_ones GROUP BY origin
