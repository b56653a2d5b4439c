SELECT COUNT(*) FROM flights WHERE GREATEST(day, origin) = day
