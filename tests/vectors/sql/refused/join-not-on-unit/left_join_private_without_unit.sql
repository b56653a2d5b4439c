SELECT COUNT(*) FROM flights f LEFT JOIN planes p ON f.month = p.seats
