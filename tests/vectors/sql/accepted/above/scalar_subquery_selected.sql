-- 4 sum present sum present
-- within 0.0002, for both averages are shown in six digits
SELECT origin, AVG(delay) - (SELECT AVG(delay) FROM flights) AS above_usual FROM flights GROUP BY origin
