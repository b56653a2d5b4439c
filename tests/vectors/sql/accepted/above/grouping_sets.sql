-- 12 rows
SELECT quarter, carrier, SUM(n) AS n FROM (SELECT EXTRACT(QUARTER FROM day) AS quarter, carrier, COUNT(*) AS n FROM flights GROUP BY quarter, carrier) AS c GROUP BY GROUPING SETS ((quarter), (carrier), ())
