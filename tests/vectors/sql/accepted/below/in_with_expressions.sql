-- 1 rows
SELECT COUNT(*) FROM flights WHERE month IN (7, distance / 190, 4) AND carrier NOT IN ('DL', 'UA')
