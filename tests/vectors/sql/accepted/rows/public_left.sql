-- 5 rows
SELECT a.zone, COUNT(*) FROM flights AS f LEFT JOIN airports AS a ON f.dest = a.faa GROUP BY a.zone
