-- 1 sum sum
SELECT SUM(CAST(delay AS INTEGER)), SUM(CAST(distance / 4 AS BIGINT)) FROM flights
-- in DuckDB, because it rounds halves to even numbers, and Jali away from zero:
SELECT SUM(ROUND(delay)), SUM(ROUND(distance / 4)) FROM flights
