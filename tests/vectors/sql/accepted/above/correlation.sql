-- 12 rows present
SELECT CORR(n, late), REGR_SLOPE(late, n), COVAR_POP(n, late) FROM (SELECT month, COUNT(*) AS n, COUNT(*) FILTER (WHERE late) AS late FROM flights GROUP BY month) AS m
