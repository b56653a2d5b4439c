SELECT COUNT(*) FROM flights WHERE {'a': 1}.a = month
