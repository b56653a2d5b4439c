-- 9 rows rows rows rows
SELECT distance > 500 AS far, origin IN ('JFK') AS jfk, COUNT(*) FROM flights GROUP BY CUBE (distance > 500, origin IN ('JFK'))
