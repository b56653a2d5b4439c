SELECT COUNT(*) FROM flights SEMI JOIN planes ON flights.tailnum = planes.tailnum
