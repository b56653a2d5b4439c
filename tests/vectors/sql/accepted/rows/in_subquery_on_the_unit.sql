-- 1 rows
SELECT COUNT(*) FROM flights WHERE tailnum IN (SELECT tailnum FROM planes WHERE seats > 100)
