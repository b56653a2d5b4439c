SELECT COUNT(*) FROM flights f JOIN planes p ON NOT f.tailnum <> p.tailnum OR late
