WITH Planes AS (SELECT tailnum FROM flights) SELECT COUNT(*) FROM Planes
