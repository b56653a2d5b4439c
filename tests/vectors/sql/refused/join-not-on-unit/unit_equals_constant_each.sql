SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum = 'N1' AND p.tailnum = 'N1'
