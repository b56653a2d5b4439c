-- 5 rows
SELECT a.zone, COUNT(*) FROM airports AS a RIGHT JOIN flights AS f ON f.dest = a.faa GROUP BY a.zone
