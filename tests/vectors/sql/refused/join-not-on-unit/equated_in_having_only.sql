SELECT COUNT(*) FROM flights f, planes p HAVING f.tailnum = p.tailnum
