SELECT origin, origin + COUNT(*) FROM flights GROUP BY origin
