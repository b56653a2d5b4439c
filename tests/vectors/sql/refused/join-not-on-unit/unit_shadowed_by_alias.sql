SELECT COUNT(*) FROM (SELECT dest AS tailnum FROM flights) x JOIN planes q ON x.tailnum = q.tailnum
