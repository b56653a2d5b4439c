-- 3 rows
/* the /* nested */ question */ SELECT "origin", -- a key
  COUNT(*) AS "数量" FROM "flights" GROUP BY "origin"
-- in DuckDB, because it does not nest comments:
SELECT origin, COUNT(*) FROM flights GROUP BY origin
