-- 3 sum sum present sum sum present quantile
SELECT carrier, SUM(distance) FILTER (WHERE late), AVG(delay) FILTER (WHERE origin = 'JFK'), STDDEV(distance) FILTER (WHERE month > 6), MEDIAN(delay) FILTER (WHERE NOT late) FROM flights GROUP BY carrier
