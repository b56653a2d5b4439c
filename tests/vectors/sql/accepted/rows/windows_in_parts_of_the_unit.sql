-- 1 rows
SELECT COUNT(*) FROM (SELECT tailnum, DENSE_RANK() OVER (PARTITION BY tailnum, origin ORDER BY day DESC) AS place, FIRST_VALUE(late) OVER (PARTITION BY tailnum ORDER BY departed, dest) AS first_late FROM flights) AS t WHERE place <= 2 AND first_late
