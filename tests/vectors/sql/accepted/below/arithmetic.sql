-- 1 sum
SELECT SUM((distance - 100) * 0.5 + -delay / 4 - 1e1) FROM flights
