SELECT LOWER(origin) FILTER (WHERE late), COUNT(*) FROM flights GROUP BY origin
