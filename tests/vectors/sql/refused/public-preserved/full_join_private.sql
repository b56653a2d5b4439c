SELECT COUNT(*) FROM flights f FULL JOIN planes p ON f.tailnum = p.tailnum
