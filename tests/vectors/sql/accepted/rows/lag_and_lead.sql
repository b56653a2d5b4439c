-- 1 rows sum present present
SELECT COUNT(*), AVG(gap), COUNT(*) FILTER (WHERE next = dest) FROM (
  SELECT tailnum, dest, f.day - LAG(f.day) OVER w AS gap, LEAD(dest) OVER w AS next
  FROM flights f WINDOW w AS (PARTITION BY tailnum ORDER BY departed, dest)) AS g WHERE gap <= 30
