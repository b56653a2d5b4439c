-- 1 rows present
SELECT COUNT(*), COUNT(distance / delay) FROM flights WHERE distance / delay > 20 OR delay <= 0
-- in DuckDB, because what is divided by 0 is infinite there, and NULL in Jali:
SELECT COUNT(*), COUNT(distance / NULLIF(delay, 0)) FROM flights WHERE distance / NULLIF(delay, 0) > 20 OR delay <= 0
