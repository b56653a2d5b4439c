-- 12 rows
WITH m AS (SELECT month, COUNT(*) AS n FROM flights GROUP BY month) SELECT month FROM m WHERE n >= ALL (SELECT n FROM m) OR month = ANY (SELECT month FROM m WHERE n < 155)
