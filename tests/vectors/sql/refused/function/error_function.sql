SELECT COUNT(*) FROM flights WHERE error(tailnum) IS NULL
