-- 9 rows
SELECT carrier, SUM(n) FILTER (WHERE origin = 'JFK') AS jfk, SUM(CASE WHEN origin = 'EWR' THEN n END) AS ewr FROM (SELECT carrier, origin, COUNT(*) AS n FROM flights GROUP BY carrier, origin) AS c GROUP BY carrier
