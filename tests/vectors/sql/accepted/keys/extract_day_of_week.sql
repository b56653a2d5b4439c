-- 7 rows
SELECT DATE_PART('dow', departed), COUNT(*) FROM flights GROUP BY 1
