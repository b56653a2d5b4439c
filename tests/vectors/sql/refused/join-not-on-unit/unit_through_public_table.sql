SELECT COUNT(*) FROM flights f JOIN airports a ON f.tailnum = a.faa JOIN planes p ON p.tailnum = a.faa
