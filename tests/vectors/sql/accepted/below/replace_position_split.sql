-- 1 present sum present present
SELECT COUNT(*) FILTER (WHERE REPLACE(note, '-', '') = 'gateB12'), SUM(POSITION('-' IN note)), COUNT(*) FILTER (WHERE SPLIT_PART(note, '-', 2) IN ('B', '05')), COUNT(*) FILTER (WHERE STRPOS(note, 'i') > 4) FROM flights
