-- 1 rows
SELECT COUNT(*) FROM flights AS f, planes AS p WHERE f.tailnum = p.tailnum AND p.built < 2000 AND f.late
