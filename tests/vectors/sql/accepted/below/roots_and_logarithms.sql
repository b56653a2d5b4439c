-- 1 sum sum sum sum sum
SELECT SUM(SQRT(distance)), SUM(LN(distance + 1)), SUM(LOG10(month)), SUM(EXP(-distance / 1000)), SUM(POWER(delay / 60, 2)) FROM flights
