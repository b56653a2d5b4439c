SELECT COUNT(*) FROM flights WHERE origin IN ('JFK', NULL)
