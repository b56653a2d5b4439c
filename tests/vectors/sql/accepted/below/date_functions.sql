-- 1 present present present
SELECT COUNT(*) FILTER (WHERE DATE_ADD(day, INTERVAL '1 day') = '2013-07-05'), COUNT(*) FILTER (WHERE DATE_SUB(departed, INTERVAL '12 hours') < '2013-02-01'), COUNT(TO_DATE(note, 'YYYY-MM-DD')) FROM flights
-- in DuckDB, because its functions are called otherwise:
SELECT COUNT(*) FILTER (WHERE day = '2013-07-04'), COUNT(*) FILTER (WHERE departed - INTERVAL '12 hours' < '2013-02-01'), COUNT(TRY_STRPTIME(note, '%Y-%m-%d')) FROM flights
