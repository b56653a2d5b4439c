SELECT COUNT(*) FROM flights JOIN passengers ON flights.tailnum = passengers.tailnum
