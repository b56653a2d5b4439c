WITH airports AS (SELECT tailnum FROM flights) SELECT COUNT(*) FROM airports
