-- 7 rows
SELECT date_part('dow', departed), COUNT(*) FROM flights GROUP BY 1
