SELECT COUNT(*) FROM flights f LEFT JOIN planes p ON f.tailnum = p.tailnum OR f.month = 1
