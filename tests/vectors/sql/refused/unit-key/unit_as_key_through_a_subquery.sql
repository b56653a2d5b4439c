SELECT u, COUNT(*) FROM (SELECT tailnum || origin AS u FROM flights) x GROUP BY u
