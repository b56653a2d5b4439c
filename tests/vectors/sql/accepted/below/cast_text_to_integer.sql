-- 1 present present
SELECT COUNT(CAST(note AS INTEGER)), COUNT(*) FILTER (WHERE note::int = 12) FROM flights
-- in DuckDB, because a text that is no whole number is NULL in Jali, never an error, never rounded:
SELECT COUNT(*) FILTER (WHERE REGEXP_FULL_MATCH(TRIM(note), '[+-]?[0-9]+')), COUNT(*) FILTER (WHERE note = '12') FROM flights
