-- 12 rows sum
SELECT SKEWNESS(n), KURTOSIS(n), COVAR_SAMP(n, miles), REGR_INTERCEPT(n, miles), REGR_R2(n, miles) FROM (SELECT month, COUNT(*) AS n, SUM(distance) AS miles FROM flights GROUP BY month) AS m
