-- 3 sum
SELECT carrier, SUM(delay) FROM flights GROUP BY carrier
