-- 1 sum sum
SELECT SUM(ABS(delay)), SUM(SIGN(delay)) FROM flights
