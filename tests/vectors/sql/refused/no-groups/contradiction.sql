SELECT month, COUNT(*) FROM flights WHERE month > 12 GROUP BY month
