-- 1 rows
SELECT COUNT(*) FROM flights f WHERE NOT EXISTS (SELECT 1 FROM flights later WHERE later.tailnum = f.tailnum AND later.departed > f.departed)
