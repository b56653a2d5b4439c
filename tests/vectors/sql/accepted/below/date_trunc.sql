-- 1 present present present
SELECT COUNT(*) FILTER (WHERE DATE_TRUNC('month', departed) = '2013-03-01'), COUNT(*) FILTER (WHERE DATE_TRUNC('week', day) = DATE '2013-07-01'), COUNT(*) FILTER (WHERE DATE_TRUNC('hour', departed) < departed) FROM flights
