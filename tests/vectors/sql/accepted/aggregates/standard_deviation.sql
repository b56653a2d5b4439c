-- 3 sum sum present sum sum rows
SELECT origin, STDDEV(delay), STDDEV_SAMP(distance), STDDEV_POP(distance) FROM flights GROUP BY origin
