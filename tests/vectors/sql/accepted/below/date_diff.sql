-- 1 sum sum sum sum
SELECT SUM(DATE_DIFF('week', DATE '2013-01-01', f.day)), SUM(DATE_DIFF('month', day, DATE '2014-03-01')), SUM(DATE_DIFF('quarter', day, DATE '2013-12-31')), SUM(DATE_DIFF('year', DATE '2000-05-05', f.day)) FROM flights AS f
-- in DuckDB, because its weeks are seven days from the first date on, and Jali's begin on Mondays:
SELECT SUM(DATE_DIFF('day', DATE '2012-12-31', f.day) // 7), SUM(DATE_DIFF('month', day, DATE '2014-03-01')), SUM(DATE_DIFF('quarter', day, DATE '2013-12-31')), SUM(DATE_DIFF('year', DATE '2000-05-05', f.day)) FROM flights AS f
