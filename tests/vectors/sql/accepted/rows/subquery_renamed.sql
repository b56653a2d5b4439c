-- 12 rows
SELECT s.m, COUNT(*) FROM (SELECT tailnum, month FROM flights) AS s(t, m) GROUP BY s.m
