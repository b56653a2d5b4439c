-- 1 units units
SELECT COUNT(DISTINCT tailnum) FILTER (WHERE delay > 100), COUNT(DISTINCT tailnum) FROM flights
