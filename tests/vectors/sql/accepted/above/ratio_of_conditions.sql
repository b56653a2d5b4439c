-- 3 present rows
SELECT carrier, COALESCE(COUNT(delay)::float / NULLIF(COUNT(*), 0), 0) AS share FROM flights GROUP BY carrier HAVING COUNT(*) > 10 AND carrier IN ('AA', 'UA') ORDER BY share DESC NULLS LAST, carrier
