-- 1 sum rows
SELECT AVG(months) FROM (SELECT tailnum, COUNT(*) AS months FROM (SELECT tailnum, month, SUM(distance) AS miles FROM flights GROUP BY tailnum, month) AS m WHERE miles > 2000 GROUP BY tailnum) AS t
