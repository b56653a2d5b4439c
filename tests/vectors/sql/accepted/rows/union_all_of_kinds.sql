-- 3 rows sum
SELECT kind, COUNT(*), SUM(minutes) FROM (
  SELECT tailnum, 'flight' AS kind, delay AS minutes FROM flights WHERE late
  UNION ALL SELECT tailnum, 'repair', hours * 60 FROM repairs
  UNION ALL SELECT tailnum, 'idle', NULL FROM planes WHERE built IS NULL
) AS e GROUP BY kind
-- in DuckDB, because the sum of no values is 0 and noise in Jali, never NULL:
SELECT kind, COUNT(*), SUM(minutes) FROM (
  SELECT 'flight' AS kind, delay AS minutes FROM flights WHERE late
  UNION ALL SELECT 'repair', hours * 60 FROM repairs
  UNION ALL SELECT 'idle', 0 FROM planes WHERE built IS NULL
) AS e GROUP BY kind
