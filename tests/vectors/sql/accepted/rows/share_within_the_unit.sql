-- 1 sum present
SELECT SUM(LEAST(distance / GREATEST(whole, 1), 1)), COUNT(*) FILTER (WHERE n > 15) FROM (SELECT tailnum, distance, SUM(distance) OVER (PARTITION BY tailnum) AS whole, COUNT(*) OVER (PARTITION BY tailnum) AS n FROM flights) AS t
