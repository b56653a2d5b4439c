WITH a AS (SELECT tailnum FROM flights), a AS (SELECT tailnum FROM planes) SELECT COUNT(*) FROM a
