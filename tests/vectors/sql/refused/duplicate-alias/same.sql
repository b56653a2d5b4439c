SELECT COUNT(*) FROM flights f JOIN planes f ON f.tailnum = f.tailnum
