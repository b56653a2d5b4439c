-- 12 rows
SELECT BOOL_AND(n > 50) AS all_over_50, BOOL_OR(n > 200) AS any_over_200, COUNT_IF(n > 170) AS busy, COUNT(DISTINCT n % 3) AS rests FROM (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) AS m
