-- 1 sum sum present sum sum present
-- within 0.00001, for squares are quantized
SELECT STDDEV_POP(delay / 60), VAR_POP(month * 30 - delay) FROM flights
