-- 12 rows
SELECT departed, COUNT(*) FROM (SELECT tailnum, DATE_TRUNC('month', departed) + INTERVAL '3 hours' AS departed FROM flights) AS f GROUP BY departed
