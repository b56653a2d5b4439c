-- 6 rows
SELECT DATE_TRUNC('hour', departed) AS hour, COUNT(*) FROM flights WHERE departed >= '2013-07-04 06:00:00' AND departed <= '2013-07-04 11:00:00' GROUP BY hour
-- in DuckDB, because every hour that the condition touches is a group:
SELECT h.hour, COUNT(f.tailnum) FROM (SELECT UNNEST(RANGE(TIMESTAMP '2013-07-04 06:00:00', TIMESTAMP '2013-07-04 12:00:00', INTERVAL '1 hour')) AS hour) h LEFT JOIN (SELECT tailnum, DATE_TRUNC('hour', departed) AS hour FROM flights WHERE departed <= '2013-07-04 11:00:00') f USING (hour) GROUP BY h.hour
