-- 1 sum sum sum sum sum
SELECT SUM(YEAR(day) - 2000), SUM(MONTH(departed)), SUM(DAY(day)), SUM(QUARTER(day)), SUM(HOUR(departed)) FROM flights
