WITH flights AS (SELECT tailnum FROM planes) SELECT COUNT(*) FROM flights
