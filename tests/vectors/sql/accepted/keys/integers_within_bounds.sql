-- 7 rows
SELECT built, COUNT(*) FROM planes WHERE built BETWEEN 1999 AND 2005 GROUP BY built
-- in DuckDB, because every year of the card that the condition allows is a group:
SELECT y.built, COUNT(p.tailnum) FROM (SELECT UNNEST(RANGE(1999, 2006)) AS built) y LEFT JOIN planes p USING (built) GROUP BY y.built
