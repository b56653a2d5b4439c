-- 1 rows sum
SELECT COUNT(*), SUM(r.bill) FROM planes p JOIN (SELECT tailnum, cost * 1.2 AS bill FROM repairs WHERE part <> 'cabin') r ON r.tailnum = p.tailnum WHERE p.maker = 'BOEING'
