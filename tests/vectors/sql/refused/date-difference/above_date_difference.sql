SELECT DATE_DIFF('day', d, d) FROM (SELECT day AS d, COUNT(*) AS n FROM flights GROUP BY day) x
