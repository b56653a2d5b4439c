-- 1 sum sum
SELECT SUM(DATE '2013-12-31' - day), SUM(DATE_DIFF('day', DATE '2013-01-01', departed)) FROM flights
