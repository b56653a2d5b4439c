-- 12 rows
WITH a AS (WITH inside AS (SELECT tailnum, month FROM flights WHERE late) SELECT month, COUNT(*) AS n FROM inside GROUP BY month), b AS (SELECT MAX(n) AS most FROM a) SELECT month, n FROM a, b WHERE n = most
