-- 3 sum
SELECT COALESCE(maker, 'unknown') AS maker, SUM(seats) FROM planes GROUP BY COALESCE(maker, 'unknown')
