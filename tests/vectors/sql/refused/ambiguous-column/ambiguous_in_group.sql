SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = p.tailnum GROUP BY tailnum
