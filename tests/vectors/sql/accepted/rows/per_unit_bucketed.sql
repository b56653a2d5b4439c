-- 3 rows
SELECT CASE WHEN n >= 16 THEN 'many' WHEN n >= 12 THEN 'some' ELSE 'few' END AS use, COUNT(*) FROM (SELECT tailnum, COUNT(*) n FROM flights GROUP BY tailnum) t GROUP BY use
