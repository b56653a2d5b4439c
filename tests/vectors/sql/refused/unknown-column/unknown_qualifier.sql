SELECT COUNT(*) FROM flights f WHERE flights.month = 1
