-- 1 units rows
SELECT COUNT(DISTINCT flights.tailnum), COUNT(*) AS tailnum FROM planes AS flights
