-- 3 rows
/* the /* nested */ question */ SELECT "origin", -- a key
  COUNT(*) AS "数量" FROM "flights" GROUP BY "origin"
