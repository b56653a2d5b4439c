-- 3 rows
SELECT maker IS NULL AS unmade, COALESCE(maker, '?') AS maker, maker = 'BOEING' AS b, maker IS DISTINCT FROM 'AIRBUS' AS d, COUNT(*) FROM planes GROUP BY maker ORDER BY maker NULLS FIRST
