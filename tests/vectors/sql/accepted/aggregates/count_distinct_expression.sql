-- 1 distinct distinct
SELECT COUNT(DISTINCT carrier || dest), COUNT(DISTINCT CASE WHEN late THEN month END) FROM flights
