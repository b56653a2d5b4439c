-- 12 rows
SELECT month, SIN(month) AS s, COS(month) AS c, TAN(month) AS t, ASIN(1 / month) AS a, ACOS(1 / month) AS b, ATAN(COUNT(*)) AS d, ATAN2(month, COUNT(*)) AS e, DEGREES(month * PI()) AS f, RADIANS(month) AS g, CBRT(COUNT(*)) AS h FROM flights GROUP BY month
