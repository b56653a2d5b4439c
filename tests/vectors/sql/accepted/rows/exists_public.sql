-- 1 rows
SELECT COUNT(*) FROM flights f WHERE EXISTS (SELECT 1 FROM weather w WHERE w.origin = f.origin AND w.day = f.day AND w.wind > 15)
