SELECT COUNT(*) FROM flights WHERE delay > (SELECT 2 * AVG(delay) FROM flights)
