-- 1 sum present present
SELECT AVG(ABS(delay - usual)), COUNT(*) FILTER (WHERE delay > usual) FROM (SELECT tailnum, delay, AVG(delay) OVER (PARTITION BY tailnum) AS usual FROM flights) AS f
