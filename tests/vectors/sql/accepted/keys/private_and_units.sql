-- 1 units sum sum present
SELECT dest, COUNT(DISTINCT tailnum) AS aircraft, STDDEV(delay) AS spread FROM flights GROUP BY dest HAVING COUNT(DISTINCT tailnum) > 50
