-- 1 rows
SELECT COUNT(*) FROM flights WHERE NOT (NOT (month NOT IN (1, 2) AND NOT late)) AND delay NOT BETWEEN -3 AND 0
