-- 1 sum sum sum sum sum sum sum
SELECT SUM(DAYOFWEEK(day)), SUM(ISODOW(day)), SUM(DAYOFYEAR(day)), SUM(DAYOFMONTH(day)), SUM(WEEK(day)), SUM(WEEKOFYEAR(day)), SUM(MINUTE(departed)), SUM(SECOND(departed)) FROM flights
