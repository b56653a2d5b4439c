-- 1 sum present sum rows
SELECT AVG(ABS(delay - 10)), AVG(hours) FROM flights JOIN repairs USING (tailnum)
