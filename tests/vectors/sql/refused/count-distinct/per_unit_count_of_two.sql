SELECT COUNT(*) FROM (SELECT tailnum, COUNT(DISTINCT dest, origin) AS n FROM flights GROUP BY tailnum) x
