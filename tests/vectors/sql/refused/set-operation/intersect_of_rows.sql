SELECT COUNT(*) FROM (SELECT tailnum FROM flights INTERSECT ALL SELECT tailnum FROM planes) x
