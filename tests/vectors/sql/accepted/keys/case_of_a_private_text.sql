-- 1 rows
SELECT CASE WHEN dest IN ('LAX', 'LHR') THEN dest ELSE 'other' END AS far, COUNT(*) FROM flights GROUP BY far
