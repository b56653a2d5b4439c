-- 12 rows
SELECT origin, part, COUNT(*) FROM flights JOIN repairs USING (tailnum) WHERE dest = 'LHR' AND hours = 40 AND month = 7 GROUP BY origin, part
-- in DuckDB, because a group without rows appears in Jali with 0:
SELECT o.origin, p.part, COUNT(r.tailnum) FROM (SELECT DISTINCT origin FROM flights) o CROSS JOIN (SELECT DISTINCT part FROM repairs) p LEFT JOIN (SELECT * FROM flights JOIN repairs USING (tailnum) WHERE dest = 'LHR' AND hours = 40 AND month = 7) r ON r.origin = o.origin AND r.part = p.part GROUP BY o.origin, p.part
