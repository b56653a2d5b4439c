-- 1 distinct distinct
SELECT COUNT(DISTINCT dest), COUNT(DISTINCT carrier) FILTER (WHERE late) FROM flights
