SELECT COUNT(*) FROM (SELECT tailnum FROM flights UNION SELECT tailnum FROM planes) x
