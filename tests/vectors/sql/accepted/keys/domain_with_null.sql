-- 3 rows
SELECT maker, COUNT(*) FROM planes GROUP BY maker
