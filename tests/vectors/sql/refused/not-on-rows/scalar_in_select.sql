SELECT COUNT(*), (SELECT MAX(delay) FROM flights) FROM planes WHERE seats > (SELECT COUNT(*) FROM flights)
