-- 1 sum present
SELECT SUM(late::integer), COUNT(*) FILTER (WHERE CAST(distance % 10 AS BOOLEAN)) FROM flights
