SELECT DISTINCT ON (tailnum) COUNT(*) FROM flights GROUP BY origin
