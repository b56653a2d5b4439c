SELECT COUNT(*) FROM (SELECT tailnum FROM flights) a JOIN (SELECT tailnum FROM flights) b ON a.tailnum = b.tailnum JOIN (SELECT tailnum FROM flights) c ON a.tailnum = c.tailnum
