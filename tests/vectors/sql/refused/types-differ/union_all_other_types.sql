SELECT COUNT(*) FROM (SELECT tailnum, dest AS d FROM flights UNION ALL SELECT tailnum, seats FROM planes) x
