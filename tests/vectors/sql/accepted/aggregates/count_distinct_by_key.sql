-- 3 distinct
SELECT carrier, COUNT(DISTINCT origin) FROM flights GROUP BY carrier
