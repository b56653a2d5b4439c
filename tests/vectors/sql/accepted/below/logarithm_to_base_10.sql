-- 1 sum sum
SELECT SUM(LOG(distance)), SUM(LOG(10, distance)), SUM(LN(distance) / LN(2)) FROM flights
