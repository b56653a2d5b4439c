-- 365 rows
SELECT AVG(n), MAX(n), MIN(n), STDDEV_SAMP(n), COUNT(*), MEDIAN(n) FROM (SELECT day, COUNT(*) AS n FROM flights GROUP BY day) AS days
