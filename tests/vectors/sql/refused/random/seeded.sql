SELECT COUNT(*) FROM flights WHERE random() < 0.5
