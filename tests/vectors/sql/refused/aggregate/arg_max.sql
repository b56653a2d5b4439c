SELECT ARG_MAX(tailnum, delay) FROM flights
