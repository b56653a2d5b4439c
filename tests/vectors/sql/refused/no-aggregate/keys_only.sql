SELECT origin FROM flights GROUP BY origin
