SELECT COUNT(*) FROM flights f JOIN planes p ON f.tailnum IS NOT DISTINCT FROM p.tailnum
