-- 3 sum rows
SELECT maker, AVG(seats) FROM flights JOIN planes USING (tailnum) GROUP BY maker
