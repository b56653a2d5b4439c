-- 12 rows
SELECT month, SQRT(COUNT(*)) AS s, LN(COUNT(*)) AS l, POWER(COUNT(*), 2) AS p, FLOOR(COUNT(*) / 10.0) AS f, GREATEST(COUNT(*), 170) AS g, SIGN(COUNT(*) - 170) AS s2, ABS(COUNT(*) - 170) AS a FROM flights GROUP BY month
