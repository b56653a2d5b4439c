-- 1 sum present sum present
WITH events AS (SELECT tailnum, day, 1 AS is_repair FROM repairs UNION ALL SELECT tailnum, day, 0 FROM flights),
     steps AS (SELECT tailnum, is_repair, LEAD(day) OVER (PARTITION BY tailnum ORDER BY day, is_repair) - day AS pause FROM events)
SELECT AVG(pause) FILTER (WHERE is_repair = 1), AVG(pause) FILTER (WHERE is_repair = 0) FROM steps
