-- 1 rows present present
SELECT COUNT(*), COUNT(LN(delay)), COUNT(SQRT(delay)) FROM flights WHERE LN(delay) > 1 OR delay <= 0
-- in DuckDB, because it raises an error where Jali gives NULL:
SELECT COUNT(*), COUNT(CASE WHEN delay > 0 THEN 1 END), COUNT(CASE WHEN delay >= 0 THEN 1 END)
FROM flights WHERE CASE WHEN delay > 0 THEN LN(delay) > 1 END OR delay <= 0
