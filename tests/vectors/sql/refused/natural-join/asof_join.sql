SELECT COUNT(*) FROM flights ASOF JOIN weather ON flights.departed >= weather.hour_start
