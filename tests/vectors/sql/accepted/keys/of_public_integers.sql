-- 6 rows
SELECT height, COUNT(*) FROM flights LEFT JOIN airports ON faa = dest GROUP BY height
-- in DuckDB, because every height of the public table is a group:
SELECT h.height, COUNT(f.tailnum) FROM (SELECT DISTINCT height FROM airports UNION SELECT NULL) h LEFT JOIN (SELECT * FROM flights LEFT JOIN airports ON faa = dest) f ON f.height IS NOT DISTINCT FROM h.height GROUP BY h.height
