-- 3 units
SELECT maker, zone, COUNT(DISTINCT tailnum) FROM flights JOIN planes USING (tailnum) JOIN airports ON faa = dest WHERE zone = 'south' GROUP BY maker, zone
