SELECT COUNT(*) FROM flights f JOIN planes p ON f.month = p.seats
