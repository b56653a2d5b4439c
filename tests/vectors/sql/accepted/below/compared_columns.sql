-- 1 rows
SELECT COUNT(*) FROM flights WHERE delay > month AND distance <> delay AND EXTRACT(MONTH FROM day) = month AND weight < distance
