-- 3 sum present
SELECT carrier, AVG(delay) AS a FROM flights GROUP BY carrier ORDER BY -AVG(delay), carrier DESC
