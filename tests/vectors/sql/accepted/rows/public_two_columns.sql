-- 1 sum present
SELECT AVG(w.wind) FROM flights f LEFT JOIN weather w ON f.origin = w.origin AND f.day = w.day
