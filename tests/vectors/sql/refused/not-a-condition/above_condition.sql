SELECT COUNT(*) FROM flights HAVING SUM(distance)
