SELECT COUNT(*) FROM flights WHERE weight = NaN
