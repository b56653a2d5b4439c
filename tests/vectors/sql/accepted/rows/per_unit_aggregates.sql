-- 1 sum present sum present sum present sum rows present
SELECT AVG(total), AVG(mean), AVG(span), AVG(places), COUNT(early) FROM (
  SELECT tailnum, SUM(distance) AS total, AVG(delay) AS mean, MAX(month) - MIN(month) AS span,
         COUNT(DISTINCT dest) AS places, MIN(day) FILTER (WHERE late) AS early
  FROM flights GROUP BY tailnum) AS t
