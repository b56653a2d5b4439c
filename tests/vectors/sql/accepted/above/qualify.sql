-- 12 rows
SELECT month, COUNT(*) AS n FROM flights GROUP BY month QUALIFY ROW_NUMBER() OVER (ORDER BY COUNT(*) DESC, month) <= 3 ORDER BY month
