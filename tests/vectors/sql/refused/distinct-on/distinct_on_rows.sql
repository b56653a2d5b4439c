SELECT COUNT(*) FROM (SELECT DISTINCT ON (origin) tailnum, origin FROM flights) x
