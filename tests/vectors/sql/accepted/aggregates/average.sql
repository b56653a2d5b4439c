-- 3 sum present
SELECT carrier, AVG(delay) FROM flights GROUP BY carrier
