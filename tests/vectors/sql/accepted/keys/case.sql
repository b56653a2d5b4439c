-- 3 rows
SELECT CASE WHEN month <= 3 THEN 'winter' WHEN month <= 9 THEN 'summer' ELSE 'autumn' END AS season, COUNT(*) FROM flights GROUP BY season
