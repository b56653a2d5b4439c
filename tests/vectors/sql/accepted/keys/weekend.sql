-- 4 rows
SELECT EXTRACT(ISODOW FROM day) >= 6 AS weekend, EXTRACT(HOUR FROM departed) < 12 AS morning, COUNT(*) FROM flights GROUP BY weekend, morning
