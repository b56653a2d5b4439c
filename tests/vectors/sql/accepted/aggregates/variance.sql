-- 1 sum sum present sum sum rows
SELECT VAR_SAMP(delay), VAR_POP(delay), VARIANCE(distance) FROM flights
