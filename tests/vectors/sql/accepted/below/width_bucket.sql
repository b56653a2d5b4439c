-- 1 sum
SELECT SUM(WIDTH_BUCKET(delay, 0, 60, 4)) FROM flights
-- in DuckDB, because it has no WIDTH_BUCKET:
SELECT SUM(CASE WHEN delay < 0 THEN 0 WHEN delay >= 60 THEN 5 ELSE FLOOR(delay / 15) + 1 END) FROM flights
