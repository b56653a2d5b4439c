-- 1 sum present
SELECT SUM(distance::numeric / 3), COUNT(*) FILTER (WHERE month::real * 1.5 = 4.5) FROM flights
