-- 1 rows units
SELECT COUNT(*), COUNT(DISTINCT a.tailnum) FROM flights a JOIN flights b ON a.tailnum = b.tailnum AND a.dest = b.dest AND a.departed < b.departed AND a.month = b.month
