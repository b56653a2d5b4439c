SELECT COUNT(*) FROM (SELECT day, origin, COUNT(*) AS n FROM flights GROUP BY day, origin) x CROSS JOIN weather w
