-- 3 sum present sum rows
SELECT origin, AVG(late::int) AS share_late, AVG(CASE WHEN delay > 60 THEN 100.0 ELSE 0 END) AS percent FROM flights GROUP BY origin
