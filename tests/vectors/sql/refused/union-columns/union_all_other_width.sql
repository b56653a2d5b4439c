SELECT COUNT(*) FROM (SELECT tailnum, dest FROM flights UNION ALL SELECT tailnum FROM planes) x
