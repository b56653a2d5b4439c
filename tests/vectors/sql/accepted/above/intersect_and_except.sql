-- 13 rows rows
(SELECT month FROM flights GROUP BY month HAVING COUNT(*) > 150 INTERSECT SELECT month FROM flights GROUP BY month HAVING COUNT(*) < 180) EXCEPT SELECT month FROM flights WHERE month = 12 GROUP BY month HAVING COUNT(*) > 1
