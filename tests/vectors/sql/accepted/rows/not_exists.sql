-- 3 rows
SELECT maker, COUNT(*) FROM planes p WHERE NOT EXISTS (SELECT * FROM repairs WHERE repairs.tailnum = p.tailnum) GROUP BY maker
