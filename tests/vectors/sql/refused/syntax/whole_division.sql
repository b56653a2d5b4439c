SELECT COUNT(*) FROM flights WHERE distance // 100 = 3
