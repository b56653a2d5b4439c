-- 1 present present
SELECT COUNT(TRY_CAST(note AS DATE)), COUNT(*) FILTER (WHERE TRY_CAST(note AS DATE) > day) FROM flights
