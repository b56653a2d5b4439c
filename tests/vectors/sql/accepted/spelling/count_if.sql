-- 1 present present
SELECT COUNT_IF(delay > 10), COUNT(*) FILTER (WHERE late) FROM flights
