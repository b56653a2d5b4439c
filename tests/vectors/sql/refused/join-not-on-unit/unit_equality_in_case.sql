SELECT COUNT(*) FROM flights f JOIN planes p ON CASE WHEN f.late THEN f.tailnum ELSE f.note END = p.tailnum
