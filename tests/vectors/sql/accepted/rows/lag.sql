-- 1 rows present
SELECT COUNT(*), COUNT(*) FILTER (WHERE dest = before) FROM (SELECT tailnum, dest, LAG(dest) OVER (PARTITION BY tailnum ORDER BY departed, dest) AS before FROM flights) AS g
