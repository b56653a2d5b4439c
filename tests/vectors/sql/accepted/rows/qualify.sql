-- 1 sum
SELECT SUM(distance) FROM (SELECT tailnum, distance FROM flights QUALIFY RANK() OVER (PARTITION BY tailnum ORDER BY distance DESC) <= 3) AS longest
