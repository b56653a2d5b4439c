SELECT COUNT(*) FROM (SELECT COALESCE(tailnum, 'none') AS t FROM flights) x JOIN planes q ON x.t = q.tailnum
