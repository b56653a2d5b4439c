-- 1 quantile quantile
SELECT QUANTILE(delay, 0.8), APPROX_QUANTILE(distance, 0.7) FROM flights
-- in DuckDB, because its APPROX_QUANTILE is a guess between values:
SELECT QUANTILE_CONT(delay, 0.8), QUANTILE_CONT(distance, 0.7) FROM flights
