-- 1 present present present
SELECT COUNT(*) FILTER (WHERE STARTS_WITH(note, 'ga')), COUNT(*) FILTER (WHERE ENDS_WITH(note, 'ike')), COUNT(*) FILTER (WHERE CONTAINS(note, ',')) FROM flights
