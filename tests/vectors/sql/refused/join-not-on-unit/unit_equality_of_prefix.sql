SELECT COUNT(*) FROM flights f JOIN planes p ON LEFT(f.tailnum, 1) = LEFT(p.tailnum, 1)
