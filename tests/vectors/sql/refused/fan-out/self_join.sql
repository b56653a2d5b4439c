SELECT COUNT(*) FROM flights a JOIN flights b ON a.tailnum = b.tailnum
