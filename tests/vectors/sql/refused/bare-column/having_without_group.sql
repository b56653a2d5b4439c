SELECT COUNT(*) FROM (SELECT tailnum, late FROM flights HAVING late) x
