SELECT COUNT(*) FROM (SELECT tailnum FROM flights EXCEPT SELECT tailnum FROM planes) x
