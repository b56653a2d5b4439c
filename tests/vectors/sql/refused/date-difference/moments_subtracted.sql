SELECT COUNT(*) FROM flights WHERE departed - day > 3
