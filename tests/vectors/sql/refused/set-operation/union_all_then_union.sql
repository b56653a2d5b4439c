SELECT COUNT(*) FROM (SELECT tailnum FROM flights UNION ALL SELECT tailnum FROM planes UNION SELECT tailnum FROM planes) x
